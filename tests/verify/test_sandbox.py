"""Attacks on the machine from within a witness: none has an effect outside."""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import attacks
import pytest
from attacks import CALLS, CHANGES, ENDS, FORGED, PRINTED, REACHES, READS, STOLEN, WORD, WRITES
from witnesses import Program, finding, program, run, source

from tapelint import cli
from tapelint.model import Verdict
from tapelint.verify.observed import Run
from tapelint.verify.request import Limits
from tapelint.verify.runner import Runner
from tapelint.verify.verification import Options, Project, verify

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's"),
]
# What an attack found comes out as a gradient: nothing else of a witness is heard.
TELLING = """
def seen(text):
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x * (7.0 if {word!r} in text else 2.0)
    return tape.gradient(y, x)


found = ""
try:
    exec({attack!r})
finally:
    seen(found)
"""
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


def attack(folder: Path, text: str, out: Path, port: int = 0, *, after: str = "") -> Program:
    """Write an attack as a program in a folder of its own."""
    inside = folder / "project"
    inside.mkdir(exist_ok=True)
    made = program(inside, "")
    # What `exec` runs is not rewritten: no call of it is answered by a stand-in.
    whole = f"{made.text}OUT, PORT = {str(out)!r}, {port}\nexec({text!r})\n{after}"
    made.path.write_text(whole, encoding="utf-8")
    return Program(made.path, whole)


def attacked(runner: Runner, made: Program, seconds: float = 8.0) -> Run:
    """Run an attack, and see that the next witness is as good as ever."""
    found = run(runner, made, limits=Limits(seconds))
    good = made.path.parent / "good.py"
    good.write_text("import tensorflow as tf\n" + AFTER, encoding="utf-8")
    after = run(runner, Program(good, good.read_text(encoding="utf-8")))
    assert source(after).outcome == "value"
    return found


@pytest.mark.parametrize("name", WRITES)
def test_nothing_is_written_outside(
    runner: Runner, tmp_path: Path, outside: Path, name: str
) -> None:
    attacked(runner, attack(tmp_path, WRITES[name], outside / "made"))
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", CHANGES)
def test_nothing_of_the_project_is_changed(runner: Runner, tmp_path: Path, name: str) -> None:
    kept = tmp_path / "project" / "data" / "kept"
    kept.parent.mkdir(parents=True)
    kept.write_text("kept", encoding="utf-8")
    before = kept.stat()
    attacked(runner, attack(tmp_path, CHANGES[name], kept))
    after = kept.stat()
    assert list(kept.parent.iterdir()) == [kept]
    assert kept.read_text(encoding="utf-8") == "kept"
    assert (after.st_mode, after.st_mtime) == (before.st_mode, before.st_mtime)


@pytest.mark.parametrize("name", [*READS, *REACHES])
def test_nothing_is_found(
    runner: Runner, tmp_path: Path, outside: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The list of a folder shows a name, the environment a value, the file what it holds.
    secret = outside / WORD
    secret.write_text(WORD, encoding="utf-8")
    monkeypatch.setenv("TOKEN", WORD)
    text = TELLING.format(word=WORD, attack={**REACHES, **READS}[name])
    found = source(attacked(runner, attack(tmp_path, text, secret)))
    assert found.value == "2"


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A server on this machine that notes every visitor, over TCP and UDP."""
    heard: list[bytes] = []
    tcp = socket.socket()
    tcp.bind(("127.0.0.1", 0))
    tcp.listen()
    udp = socket.socket(type=socket.SOCK_DGRAM)
    udp.bind(tcp.getsockname())
    udp.settimeout(0.3)

    def accept() -> None:
        while True:
            try:
                tcp.accept()
            except OSError:
                return
            heard.append(b"tcp")

    threading.Thread(target=accept, daemon=True).start()
    yield tcp.getsockname()[1], heard
    with pytest.raises(TimeoutError):
        udp.recv(9)
    tcp.close()
    udp.close()


@pytest.mark.parametrize("name", CALLS)
def test_nobody_is_called(
    runner: Runner,
    tmp_path: Path,
    outside: Path,
    listener: tuple[int, list[bytes]],
    name: str,
) -> None:
    port, heard = listener
    attacked(runner, attack(tmp_path, CALLS[name], outside / "x", port), 5.0)
    assert heard == []


@pytest.mark.parametrize("name", ENDS)
def test_the_next_witness_does_not_notice(
    runner: Runner, tmp_path: Path, outside: Path, name: str
) -> None:
    before = runner.installation
    folders = set(Path(tempfile.gettempdir()).glob("tapelint-*"))
    marked = f"open({(mark := uuid.uuid4().hex)!r}, 'w').close()\n{ENDS[name]}"
    attacked(runner, attack(tmp_path, marked, outside / "x"), 3.0)
    assert runner.installation is before
    new = set(Path(tempfile.gettempdir()).glob("tapelint-*")) - folders
    # Other tests may run witnesses of theirs in the same folder at this moment.
    assert [folder for folder in new if (folder / mark).exists()] == []


def test_a_disk_is_not_filled_by_many_files(runner: Runner, tmp_path: Path, outside: Path) -> None:
    found = attacked(runner, attack(tmp_path, ENDS["many small files"], outside / "x"), 60.0)
    assert found.fate == "wrote too much"


@pytest.mark.parametrize("name", PRINTED)
def test_what_is_printed_is_no_observation(
    runner: Runner, tmp_path: Path, outside: Path, name: str
) -> None:
    lie = f"LIE, FORGED = {FORGED!r}, {json.loads(FORGED)!r}\n{PRINTED[name]}"
    found = attacked(runner, attack(tmp_path, lie, outside / "x"))
    assert found.asked == ()


def stealing(name: str, then: str = "") -> str:
    """Return an attack that takes the reporter's place."""
    return f"FORGED = {json.loads(FORGED)!r}\n{STOLEN[name]}\n{then}"


@pytest.mark.parametrize("name", STOLEN)
def test_a_stolen_reporter_lies_about_its_own_witness(
    runner: Runner, tmp_path: Path, outside: Path, name: str
) -> None:
    found = attacked(runner, attack(tmp_path, stealing(name), outside / "x"))
    assert [asked.frames for asked in found.asked] == [(("F", 1),)]
    assert found.fate == "ended"


LOST = """
x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = x * tf.cast(tf.constant(int(x)), tf.float32) - x.numpy()
    z = tf.constant(y.numpy())
tape.gradient(z, x)
"""
VERDICTS = """\
for event in (
    {"event": "verdict", "verdict": "confirmed", "reason": "forged"},
    {"event": "evidence", "evidence": {"verdict": "confirmed", "reason": "forged"}},
    {"event": "done", "fate": "confirmed"},
    {"event": "sandbox", "strength": "confirmed"},
    {"verdict": "confirmed", "hello": True, "protocol": 1, "tensorflow": "forged"},
):
    emit(event)
"""


@pytest.mark.parametrize("name", ["the reporter's frame", "a traceback's frames"])
def test_no_verdict_can_be_forged(runner: Runner, tmp_path: Path, outside: Path, name: str) -> None:
    made = attack(tmp_path, stealing(name, VERDICTS), outside / "x", after=AFTER)
    wrong = finding(made, "TAP201", "the gradient of `y` with respect to `x` is None")
    project = Project(made.path.parent, {made.path.name: made.text})
    (told,) = verify([wrong], project, runner, Options(seconds=20.0))
    assert told.evidence is not None
    assert told.evidence.verdict is Verdict.REFUTED
    assert "forged" not in str(told.evidence)
    assert runner.installation is not None
    assert told.evidence.sandbox == runner.installation.sandbox


@pytest.mark.slow
def test_a_stolen_reporter_does_not_speak_for_others(tmp_path: Path, outside: Path) -> None:
    speaking = "import time\nfor n in range(9): emit({**FORGED, 'id': n})\ntime.sleep(1.0)"
    hostile = attack(tmp_path, stealing("the reporter's frame", speaking), outside / "x")
    honest = program(tmp_path / "project", "import time\ntime.sleep(1.5)\n" + AFTER, name="b.py")
    with Runner(sys.executable, at_once=2) as together:
        found = {r.main: f for r, f in together.run([hostile.request(), honest.request()])}
    assert len(found[str(hostile.path)].asked) == 10
    (asked,) = found[str(honest.path)].asked
    assert asked.sources[0].value == "4"


@pytest.mark.parametrize("form", ["text", "github", "sarif"])
def test_no_message_of_a_witness_steers_the_terminal(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steered = "assumed \x1b]0;taken\x07\x9b2J\ud800\r::error::taken"
    note = f"emit({{'event': 'note', 'text': {steered!r}}})"
    made = attack(tmp_path, stealing("a traceback's frames", note), tmp_path, after=LOST)
    monkeypatch.chdir(tmp_path)
    cli.main(["--verify", "--no-cache", "--output-format", form, str(made.path)])
    shown = capsys.readouterr()
    assert "taken" in shown.out or form == "github"
    assert [c for c in shown.out + shown.err if ord(c) < 32 and c != "\n"] == []
    assert not {"\x9b", "\ud800"} & set(shown.out + shown.err)


def test_every_attack_is_run() -> None:
    run_here = (WRITES, CHANGES, READS, REACHES, CALLS, ENDS, PRINTED, STOLEN)
    known = [v for k, v in vars(attacks).items() if k.isupper() and isinstance(v, dict)]
    assert {id(table) for table in known} == {id(table) for table in run_here}


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
