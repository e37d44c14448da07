"""Attacks on the machine from within a witness: none has an effect outside."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from witnesses import Program, program, run, source

from tapelint.verify.observed import Run
from tapelint.verify.runner import Runner

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's"),
]
SECRET = "a-secret-of-the-user"

# OUT is a path outside the sandbox that must not come to be.
WRITES = {
    "open": "open(OUT, 'w').write('x')",
    "os.open": "import os; os.open(OUT, os.O_CREAT | os.O_WRONLY)",
    "pathlib": "import pathlib; pathlib.Path(OUT).write_text('x')",
    "mkdir": "import os; os.mkdir(OUT)",
    "symlink": "import os; os.symlink('/etc/passwd', OUT)",
    "rename": "import os; open('own', 'w').close(); os.rename('own', OUT)",
    "shutil": "import shutil; shutil.copy(__file__, OUT)",
    "np.save": "np.save(OUT, np.ones(3)); np.ones(3).tofile(OUT)",
    "memmap": "np.memmap(OUT, dtype='uint8', mode='w+', shape=(3,))",
    "tf.io.write_file": "tf.io.write_file(OUT, 'x')",
    "gfile": "tf.io.gfile.makedirs(OUT); tf.io.gfile.GFile(OUT, 'w').write('x')",
    "TFRecord": "tf.io.TFRecordWriter(OUT).close()",
    "checkpoint": "tf.train.Checkpoint(v=tf.Variable(1.0)).write(OUT)",
    "summary": "tf.summary.create_file_writer(OUT)",
    "Keras": "tf.keras.Sequential([tf.keras.layers.Dense(1)]).save(OUT)",
    "a log file": "import logging; logging.FileHandler(OUT).emit",
    "a database": "import sqlite3; sqlite3.connect(OUT).execute('create table t (a)')",
    "a subprocess": "import subprocess; subprocess.run(['touch', OUT])",
    "os.system": "import os; os.system('touch ' + OUT)",
    "a fork": "import os\nif os.fork() == 0: open(OUT, 'w').close(); os._exit(0)",
    "exec": "import os; os.execv('/bin/touch', ['touch', OUT])",
    "posix_spawn": "import os; os.posix_spawn('/bin/touch', ['touch', OUT], {})",
    "fork_exec": (
        "import _posixsubprocess as p\n"
        "p.fork_exec([b'/bin/touch', OUT.encode()], [b'/bin/touch'], True, (), None, None, -1,"
        " -1, -1, -1, -1, -1, -1, -1, False, False, 0, None, None, None, -1, None, False)"
    ),
    "multiprocessing": (
        "import multiprocessing as m\nm.Process(target=open, args=(OUT, 'w')).start()"
    ),
    "a thread": (
        "import threading; t = threading.Thread(target=open, args=(OUT, 'w')); t.start(); t.join()"
    ),
    "at exit": "import atexit; atexit.register(lambda: open(OUT, 'w'))",
    "a finaliser": "class A:\n def __del__(self): open(OUT, 'w')\na = A(); del a",
    "a py_function": "tf.py_function(lambda: open(OUT, 'w') and 1.0, [], tf.float32)",
    "a tf.data pipeline": (
        "list(tf.data.Dataset.range(1).map(lambda i: tf.numpy_function("
        "lambda _: np.float32(bool(open(OUT, 'w'))), [i], tf.float32)))"
    ),
}  # fmt: skip
# OUT holds something that must stay.
DELETES = {
    "os.remove": "import os; os.remove(OUT)",
    "unlink": "import pathlib; pathlib.Path(OUT).unlink()",
    "truncate": "import os; os.truncate(OUT, 0)",
    "open": "open(OUT, 'w').close()",
    "chmod": "import os; os.chmod(OUT, 0)",
    "gfile.remove": "tf.io.gfile.remove(OUT)",
    "gfile.rmtree": "import os; tf.io.gfile.rmtree(os.path.dirname(OUT))",
    "shutil.rmtree": "import os, shutil; shutil.rmtree(os.path.dirname(OUT))",
    "gfile.rename": "tf.io.gfile.rename(OUT, OUT + '2', overwrite=True)",
}
# Each leaves what it could read in `found`.
READS = {
    "open": "found = open(OUT).read()",
    "tf.io.read_file": "found = str(tf.io.read_file(OUT).numpy())",
    "gfile": "found = tf.io.gfile.GFile(OUT).read()",
    "a link": "import os; os.symlink(OUT, 'own'); found = open('own').read()",
    "the environment": "import os; found = str(dict(os.environ))",
    "the parent's environment": "import os; found = open(f'/proc/{os.getppid()}/environ').read()",
    "the parent's memory": "import os; found = str(open(f'/proc/{os.getppid()}/maps').read())",
    "a listing": "import os; found = str(os.listdir(os.path.dirname(OUT)))",
}
REACH = """
def seen(text):
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x * (7.0 if {secret!r} in text else 2.0)
    return tape.gradient(y, x)


found = ""
try:
    {attack}
finally:
    seen(found)
"""
ENDS = {
    "a loop": "while True: pass",
    "a wait": "import threading; threading.Event().wait()",
    "ignored signals": (
        "import signal\nfor n in range(1, 65):\n try: signal.signal(n, signal.SIG_IGN)\n"
        " except (OSError, ValueError): pass\nwhile True: pass"
    ),
    "os._exit": "import os; os._exit(0)",
    "sys.exit": "raise SystemExit(0)",
    "a crash": "import faulthandler; faulthandler._sigsegv()",
    "abort": "import os; os.abort()",
    "deep recursion": "def f(): return f()\nf()",
    "memory": "a = []\nwhile True: a.append(np.ones(10**7))",
    "memory in TensorFlow": "tf.ones((10**6, 10**6))",
    "a full disk": "f = open('own', 'w')\nwhile True: f.write('x' * 10**6)",
    "many files": "import os\na = [os.open('own', os.O_CREAT | os.O_RDWR) for _ in range(10**6)]",
    "threads": (
        "import threading\nfor _ in range(10**4):\n"
        " threading.Thread(target=threading.Event().wait).start()"
    ),
    "the parent's end": "import os, signal; os.kill(os.getppid(), signal.SIGKILL)",
    "everybody's end": "import os, signal; os.kill(-1, signal.SIGKILL)",
    "the group's end": "import os, signal; os.killpg(0, signal.SIGKILL)",
    "all closed": "import os; os.closerange(0, 4096)",
    "noise": (
        "import os\nfor n in range(3, 256):\n"
        " try: os.write(n, b'{}\\n' * 10**5)\n except OSError: pass"
    ),
}  # fmt: skip
AFTER = """
x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = x * x
tape.gradient(y, x)
"""


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside that of the program."""
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder


def attack(folder: Path, text: str, out: Path) -> Program:
    """Write an attack as a program in a folder of its own."""
    inside = folder / "project"
    inside.mkdir(exist_ok=True)
    made = program(inside, "")
    # What `exec` runs is not rewritten: no call of it is answered by a stand-in.
    source_text = f"{made.text}OUT = {str(out)!r}\nexec({text!r})\n"
    made.path.write_text(source_text, encoding="utf-8")
    return Program(made.path, source_text)


def attacked(runner: Runner, made: Program, seconds: float = 8.0) -> Run:
    """Run an attack, and see that the next witness is as good as ever."""
    request = made.request()
    limits = type(request.limits)(seconds)
    found = run(runner, made, limits=limits)
    good = made.path.parent / "good.py"
    good.write_text("import tensorflow as tf\n" + AFTER, encoding="utf-8")
    after = run(runner, Program(good, good.read_text(encoding="utf-8")))
    assert source(after).outcome == "value"
    return found


@pytest.mark.parametrize("name", WRITES)
def test_nothing_is_written_outside(
    runner: Runner, tmp_path: Path, outside: Path, name: str
) -> None:
    out = outside / "written"
    attacked(runner, attack(tmp_path, WRITES[name], out))
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", DELETES)
def test_nothing_is_lost_outside(runner: Runner, tmp_path: Path, outside: Path, name: str) -> None:
    out = outside / "kept"
    out.write_text("kept", encoding="utf-8")
    before = out.stat().st_mode
    attacked(runner, attack(tmp_path, DELETES[name], out))
    assert list(outside.iterdir()) == [out]
    assert (out.read_text(encoding="utf-8"), out.stat().st_mode) == ("kept", before)


@pytest.mark.parametrize("name", READS)
def test_no_secret_is_read(
    runner: Runner,
    tmp_path: Path,
    outside: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = outside / "secret"
    out.write_text(SECRET, encoding="utf-8")
    monkeypatch.setenv("TOKEN", SECRET)
    secret = "['secret']" if name == "a listing" else SECRET
    text = REACH.format(secret=secret, attack=READS[name])
    found = source(attacked(runner, attack(tmp_path, text, out)))
    assert found.value == "2"


def test_the_memory_of_the_parent_stays_closed(
    runner: Runner, tmp_path: Path, outside: Path
) -> None:
    text = REACH.format(
        secret="opened",
        attack=("import os; open(f'/proc/{os.getppid()}/mem', 'rb'); found = 'opened'"),
    )
    assert source(attacked(runner, attack(tmp_path, text, outside / "x"))).value == "2"


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A server on this machine that notes every visitor, over TCP and UDP."""
    heard: list[bytes] = []
    tcp = socket.socket()
    tcp.bind(("127.0.0.1", 0))
    tcp.listen()
    udp = socket.socket(type=socket.SOCK_DGRAM)
    udp.bind(tcp.getsockname())

    def accept() -> None:
        while True:
            try:
                tcp.accept()
            except OSError:
                return
            heard.append(b"tcp")

    threading.Thread(target=accept, daemon=True).start()
    yield tcp.getsockname()[1], heard
    udp.setblocking(False)
    tcp.close()
    udp.close()


CALLS = {
    "a socket": "import socket; socket.create_connection(('127.0.0.1', PORT), 1)",
    "urllib": (
        "import urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{PORT}', timeout=1)"
    ),
    "gRPC": (
        "tf.config.experimental_connect_to_host(f'127.0.0.1:{PORT}')"
    ),
    "a server": (
        "tf.distribute.Server({'worker': [f'127.0.0.1:{PORT}']}, job_name='worker', task_index=0)"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_nobody_is_called(
    runner: Runner,
    tmp_path: Path,
    outside: Path,
    listener: tuple[int, list[bytes]],
    name: str,
) -> None:
    port, heard = listener
    attacked(runner, attack(tmp_path, f"PORT = {port}\n{CALLS[name]}", outside / "x"), 5.0)
    assert heard == []


def test_a_datagram_is_not_sent(runner: Runner, tmp_path: Path, outside: Path) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.3)
        port = server.getsockname()[1]
        text = (
            "import socket\n"
            f"socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))"
        )
        attacked(runner, attack(tmp_path, text, outside / "x"))
        with pytest.raises(TimeoutError):
            server.recv(9)


@pytest.mark.parametrize("name", ENDS)
def test_the_next_witness_does_not_notice(
    runner: Runner, tmp_path: Path, outside: Path, name: str
) -> None:
    before = runner.installation
    attacked(runner, attack(tmp_path, ENDS[name], outside / "x"), 3.0)
    assert runner.installation is before


FORGED = (
    '{"event": "request", "method": "gradient", "turn": 1, "spot": null, "frames": [["F", 1]], '
    '"sources": [{"index": 0, "outcome": "none"}]}'
)
LIES = {
    "to standard output": "print(LIE, flush=True)",
    "to every descriptor": (
        "import os\nfor n in range(256):\n try: os.write(n, (LIE + '\\n').encode())\n"
        " except OSError: pass"
    ),
    "as a patched writer": "import json; json.dumps = lambda *a, **k: LIE",
    "as its last word": "import os\nos.write(1, LIE.encode()); os._exit(0)",
}


@pytest.mark.parametrize("name", LIES)
def test_a_printed_verdict_is_none(
    runner: Runner, tmp_path: Path, outside: Path, name: str
) -> None:
    found = attacked(runner, attack(tmp_path, f"LIE = {FORGED!r}\n{LIES[name]}", outside / "x"))
    assert found.asked == ()


def test_all_layers_are_there_on_this_kernel(runner: Runner, tmp_path: Path) -> None:
    assert runner.installation is not None
    found = run(runner, program(tmp_path, AFTER))
    assert found.sandbox == runner.installation.sandbox
    if runner.installation.landlock and os.uname().machine == "x86_64":
        assert found.sandbox == "full"


def test_nothing_of_a_witness_is_left(runner: Runner, tmp_path: Path) -> None:
    # Its own name: other tests may run witnesses of theirs in the same folder at this moment.
    name = f"own-{uuid.uuid4().hex}"
    found = run(runner, program(tmp_path, f"open({name!r}, 'w').write('x')"))
    assert (found.fate, found.raised) == ("ended", ())
    assert [*Path(tempfile.gettempdir()).glob(f"tapelint-*/**/{name}")] == []
