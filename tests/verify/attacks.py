"""What hostile code may try, as programs. `docs/verification.md` says what stops each of them.

Each is run with OUT, a path beyond what a witness may write, and PORT, where somebody listens. It
has succeeded when there is something at OUT, when OUT has changed, when PORT was called, or when
`found` holds the word REACHED.
"""

from __future__ import annotations

WORD = "REACHED"

# OUT is a path outside the sandbox that must not come to be.
WRITES = {
    "open": "open(OUT, 'w').write('x')",
    "os.open": "import os; os.open(OUT, os.O_CREAT | os.O_WRONLY)",
    "pathlib": "import pathlib; pathlib.Path(OUT).write_text('x')",
    "the folder's descriptor": (
        "import os; folder = os.open(os.path.dirname(OUT), os.O_PATH)\n"
        "os.open(os.path.basename(OUT), os.O_CREAT | os.O_WRONLY, dir_fd=folder)"
    ),
    "/proc/self/root": "open('/proc/self/root' + OUT, 'w').write('x')",
    "os.mkdir": "import os; os.mkdir(OUT)",
    "os.mkfifo": "import os; os.mkfifo(OUT)",
    "a symbolic link": "import os; os.symlink('/etc/passwd', OUT)",
    "a hard link": "import os; open('own', 'w').close(); os.link('own', OUT)",
    "os.rename": "import os; open('own', 'w').close(); os.rename('own', OUT)",
    "shutil": "import shutil; open('own', 'w').close(); shutil.copy('own', OUT)",
    "np.save": "np.save(OUT, np.ones(3)); np.ones(3).tofile(OUT)",
    "np.memmap": "np.memmap(OUT, dtype='uint8', mode='w+', shape=(3,))",
    "a log file": "import logging; logging.FileHandler(OUT)",
    "a database": "import sqlite3; sqlite3.connect(OUT).execute('create table t (a)')",
    "tf.io.write_file": "tf.io.write_file(OUT, 'x')",
    "tf.io.gfile": "tf.io.gfile.makedirs(OUT); tf.io.gfile.GFile(OUT, 'w').write('x')",
    "TFRecordWriter": "tf.io.TFRecordWriter(OUT).close()",
    "tf.train.Checkpoint": (
        "import os; tf.io.gfile.makedirs(OUT)\n"
        "tf.train.Checkpoint(v=tf.Variable(1.0)).write(os.path.join(OUT, 'v'))"
    ),
    "tf.saved_model.save": "tf.saved_model.save(tf.Module(), OUT)",
    "tf.summary": "tf.summary.create_file_writer(OUT).init()",
    "tf.print": "tf.print('x', output_stream='file://' + OUT)",
    "the cache of a data set": "list(tf.data.Dataset.range(1).cache(OUT))",
    "the profiler": "tf.profiler.experimental.start(OUT); tf.profiler.experimental.stop()",
    "what XLA dumps": (
        "import os; os.environ['XLA_FLAGS'] = '--xla_dump_to=' + OUT\n"
        "tf.function(lambda: tf.ones(()) + 1.0, jit_compile=True)()"
    ),
    "a Keras model": "tf.keras.Sequential([tf.keras.layers.Dense(1)]).save(OUT + '.keras')",
    "a subprocess": "import subprocess; subprocess.run(['touch', OUT])",
    "os.system": "import os; os.system('touch ' + OUT)",
    "os.fork": "import os\nif os.fork() == 0: open(OUT, 'w').close(); os._exit(0)\nos.wait()",
    "a daemon": (
        "import os, time\nif os.fork() == 0:\n"
        " os.setsid(); os.fork() and os._exit(0); open(OUT, 'w').close(); os._exit(0)\n"
        "time.sleep(0.3)"
    ),
    "os.execv": "import os; os.execv('/bin/touch', ['touch', OUT])",
    "os.posix_spawn": (
        "import os; os.waitpid(os.posix_spawn('/bin/touch', ['touch', OUT], {}), 0)"
    ),
    "_posixsubprocess": (
        "import os\nimport _posixsubprocess as p\nr, w = os.pipe()\n"
        "p.fork_exec([b'/bin/touch', OUT.encode()], [b'/bin/touch'], True, (), None, None, -1,"
        " -1, -1, -1, -1, -1, r, w, False, False, -1, None, None, None, -1, None, False)\nos.wait()"
    ),
    "multiprocessing": (
        "import multiprocessing as m\n"
        "p = m.get_context('fork').Process(target=open, args=(OUT, 'w')); p.start(); p.join()"
    ),
    "ctypes": "import ctypes; ctypes.CDLL(None).mkdir(OUT.encode(), 0o700)",
    "a thread": (
        "import threading; t = threading.Thread(target=open, args=(OUT, 'w')); t.start(); t.join()"
    ),
    "a finaliser": "class A:\n def __del__(self): open(OUT, 'w')\na = A(); del a",
    "a handler of signals": (
        "import signal; signal.signal(signal.SIGUSR1, lambda *_: open(OUT, 'w'))\n"
        "signal.raise_signal(signal.SIGUSR1)"
    ),
    "tf.py_function": "tf.py_function(lambda: float(bool(open(OUT, 'w'))), [], tf.float32)",
    "a tf.data pipeline": (
        "list(tf.data.Dataset.range(1).map(lambda i: tf.numpy_function("
        "lambda _: np.float32(bool(open(OUT, 'w'))), [i], tf.float32)))"
    ),
}  # fmt: skip

# OUT is a file that may be read, and must stay as it is.
CHANGES = {
    "os.remove": "import os; os.remove(OUT)",
    "pathlib's unlink": "import pathlib; pathlib.Path(OUT).unlink()",
    "os.truncate": "import os; os.truncate(OUT, 0)",
    "opened to be written": "open(OUT, 'w').close()",
    "a map of its memory": "np.memmap(OUT, dtype='uint8', mode='r+')[:] = 0",
    "os.replace": "import os; open('own', 'w').close(); os.replace('own', OUT)",
    "moved away": "import os; os.rename(OUT, 'own')",
    "os.chmod": "import os; os.chmod(OUT, 0o600)",
    "os.fchmod": "import os; os.fchmod(os.open(OUT, os.O_RDONLY), 0o600)",
    "os.utime": "import os; os.utime(OUT, (0, 0))",
    "os.utime by descriptor": "import os; os.utime(os.open(OUT, os.O_RDONLY), (0, 0))",
    "tf.io.gfile.remove": "tf.io.gfile.remove(OUT)",
    "tf.io.gfile.rmtree": "import os; tf.io.gfile.rmtree(os.path.dirname(OUT))",
    "tf.io.gfile.rename": "tf.io.gfile.rename(OUT, OUT + '2', overwrite=True)",
    "shutil.rmtree": "import os, shutil; shutil.rmtree(os.path.dirname(OUT))",
}

# OUT holds the word, and so do its name and the variable TOKEN of the user's environment.
READS = {
    "open": "found = open(OUT).read()",
    "tf.io.read_file": "found = str(tf.io.read_file(OUT).numpy())",
    "tf.io.gfile": "found = tf.io.gfile.GFile(OUT).read()",
    "a text data set": "found = str([t.numpy() for t in tf.data.TextLineDataset(OUT)])",
    "a symbolic link": "import os; os.symlink(OUT, 'own'); found = open('own').read()",
    "a hard link": "import os; os.link(OUT, 'own'); found = open('own').read()",
    "a listing": "import os; found = str(os.listdir(os.path.dirname(OUT)))",
    "the environment": "import os; found = str(dict(os.environ))",
    "the first environment": "found = open('/proc/self/environ').read()",
    "the parent's environment": "import os; found = open(f'/proc/{os.getppid()}/environ').read()",
    "every environment": (
        "import os\nfor n in os.listdir('/proc'):\n"
        " try: found += open(f'/proc/{n}/environ').read()\n except OSError: pass"
    ),
    "the parent's memory": (
        "import os; open(f'/proc/{os.getppid()}/mem', 'rb'); found = 'REACHED'"
    ),
}  # fmt: skip

# Nothing to read: `found` says that it was possible.
REACHES = {
    "a socket that listens": (
        "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()\n"
        "found = 'REACHED'"
    ),
    "a pair of sockets": "import socket; socket.socketpair(); found = 'REACHED'",
    "tf.distribute.Server": (
        "found = 'REACHED' if tf.distribute.Server.create_local_server().target else ''"
    ),
    "memory by descriptor": "import os; os.memfd_create('own'); found = 'REACHED'",
    "shared memory": (
        "import os, _posixshmem as p; name = f'/tapelint-{os.getpid()}'\n"
        "p.shm_open(name, os.O_CREAT | os.O_RDWR, 0o600); p.shm_unlink(name); found = 'REACHED'"
    ),
    "the parent's priority": (
        "import os; os.setpriority(os.PRIO_PROCESS, os.getppid(), 19); found = 'REACHED'"
    ),
    "the parent's processors": (
        "import os; os.sched_setaffinity(os.getppid(), os.sched_getaffinity(0)); found = 'REACHED'"
    ),
    "the parent's limits": (
        "import os, resource as r; r.prlimit(os.getppid(), r.RLIMIT_CORE, (0, 0))\n"
        "found = 'REACHED'"
    ),
    "its own limits": (
        "import resource as r; r.setrlimit(r.RLIMIT_CORE, (0, 0)); found = 'REACHED'"
    ),
    "a signal to the parent": "import os; os.kill(os.getppid(), 0); found = 'REACHED'",
    "a signal to the parent's thread": (
        "import ctypes, os; n = {'x86_64': 234, 'aarch64': 131}[os.uname().machine]\n"
        "if ctypes.CDLL(None).syscall(n, os.getppid(), os.getppid(), 0) == 0: found = 'REACHED'"
    ),
    "a descriptor that signals the parent": (
        "import fcntl, os; r, w = os.pipe(); fcntl.fcntl(r, fcntl.F_SETOWN, os.getppid())\n"
        "found = 'REACHED'"
    ),
    "a session of its own": (
        "import os\nif os.fork() == 0:\n try: os.setsid()\n except OSError: os._exit(1)\n"
        " os._exit(0)\n"
        "found = 'REACHED' if os.wait()[1] == 0 else ''"
    ),
}  # fmt: skip

CALLS = {
    "a socket": "import socket; socket.create_connection(('127.0.0.1', PORT), 1)",
    "a datagram": (
        "import socket\n"
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))"
    ),
    "urllib": (
        "import urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{PORT}', timeout=1)"
    ),
    "gRPC": (
        "import threading, time\ndef call():\n with tf.Graph().as_default():\n"
        "  tf.compat.v1.Session(f'grpc://127.0.0.1:{PORT}').run(tf.constant(1))\n"
        "threading.Thread(target=call, daemon=True).start(); time.sleep(1.5)"
    ),
}  # fmt: skip

ENDS = {
    "a loop": "while True: pass",
    "a wait": "import threading; threading.Event().wait()",
    "ignored signals": (
        "import signal\nfor n in range(1, 65):\n try: signal.signal(n, signal.SIG_IGN)\n"
        " except (OSError, ValueError): pass\nwhile True: pass"
    ),
    "os._exit": "import os; os._exit(0)",
    "sys.exit": "raise SystemExit(0)",
    "a segmentation fault": "import faulthandler; faulthandler._sigsegv()",
    "os.abort": "import os; os.abort()",
    "deep recursion": "def f(): return f()\nf()",
    "memory": "a = []\nwhile True: a.append(np.ones(10**7))",
    "memory in TensorFlow": "tf.ones((10**6, 10**6))",
    "a large file": "f = open('own', 'w')\nwhile True: f.write('x' * 10**6)",
    "many large files": (
        "n = 0\nwhile True:\n n += 1\n with open(f'own{n}', 'wb') as f: f.write(bytes(5 * 10**7))"
    ),
    "many small files": "n = 0\nwhile True: n += 1; open(f'own{n}', 'w').close()",
    "many open files": (
        "import os\na = [os.open('own', os.O_CREAT | os.O_RDWR) for _ in range(10**6)]"
    ),
    "folders without end": "import os\nfor _ in range(3000): os.mkdir('d'); os.chdir('d')",
    "folders that are closed": (
        "import os; os.makedirs('a/b'); open('a/b/c', 'w').close(); os.mkdir('z', 0)\n"
        "os.umask(0o777); os.mkdir('y'); os.mkdir('x', 0o300)"
    ),
    "threads": (
        "import threading\nfor _ in range(10**4):\n"
        " threading.Thread(target=threading.Event().wait).start()"
    ),
    "processes": "import os\nwhile True: os.fork()",
    "the parent's end": "import os, signal; os.kill(os.getppid(), signal.SIGKILL)",
    "everybody's end": "import os, signal; os.kill(-1, signal.SIGKILL)",
    "the group's end": "import os, signal; os.killpg(0, signal.SIGKILL)",
    "all closed": "import os; os.closerange(0, 4096)",
    "noise": (
        "import os\nfor n in range(3, 256):\n"
        " try: os.write(n, b'{}\\n' * 10**5)\n except OSError: pass"
    ),
    "nested noise": (
        "import os\nfor n in range(3, 256):\n"
        " try: os.write(n, b'[' * 10**5 + b'\\n')\n except OSError: pass"
    ),
    "at exit": "import atexit, time; atexit.register(lambda: time.sleep(99))",
}  # fmt: skip

# A request without a gradient, as the reporter would tell it; LIE is the same as text.
FORGED = (
    '{"event": "request", "method": "gradient", "turn": 1, "spot": null, "frames": [["F", 1]], '
    '"sources": [{"index": 0, "outcome": "none"}]}'
)
# Nothing of these is heard: the words do not carry the nonce.
PRINTED = {
    "standard output": "print(LIE, flush=True)",
    "every descriptor": (
        "import os\nfor n in range(256):\n try: os.write(n, (LIE + '\\n').encode())\n"
        " except OSError: pass"
    ),
    "json patched": "import json; json.dumps = lambda *a, **k: LIE",
    "os.write patched": "import os; os.write = lambda n, data: len(data)",
    "a last word": "import os\nos.write(1, LIE.encode()); os._exit(0)",
    "what the garbage collector knows": (
        "import gc\nfor f in gc.get_objects():\n"
        " if getattr(f, '__name__', '') == 'emit': f(FORGED)"
    ),
}  # fmt: skip
# What stands on the stack below the program: the reporter, its nonce and its pipe.
ROB = """\
import sys
frame, robbed = sys._getframe(), {}
while frame is not None:
    robbed |= {n: v for n, v in frame.f_locals.items() if n in ("emit", "nonce", "pipe")}
    frame = frame.f_back
emit = robbed["emit"]
"""
TRACEBACK = ROB.replace(
    "import sys\nframe, robbed = sys._getframe(), {}",
    "try: 1 / 0\nexcept ZeroDivisionError as e: frame, robbed = e.__traceback__.tb_frame, {}",
)
# These are heard, as what the witness says of itself.
STOLEN = {
    "the reporter's frame": f"{ROB}emit(FORGED)",
    "a traceback's frames": f"{TRACEBACK}emit(FORGED)",
    "a stolen nonce": (
        f"{ROB}import json, os\n"
        "os.write(robbed['pipe'], json.dumps({**FORGED, 'nonce': robbed['nonce']}).encode() + b'\\n')"
    ),
    "what wraps the tape": (
        "for cell in tf.GradientTape.gradient.__closure__:\n"
        " watcher = cell.cell_contents\n"
        " for name in ('answered', '_answered'):\n"
        "  heard = getattr(watcher, name, None)\n"
        "  if heard: emit = heard.__self__.listeners[0].__self__.emit\n"
        "emit(FORGED)"
    ),
}  # fmt: skip
