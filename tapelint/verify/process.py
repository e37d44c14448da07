"""One worker process, seen from its parent: started, spoken to, listened to, ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from tapelint.verify.installation import NoTensorFlow, death, environment
from tapelint.verify.request import Request
from tapelint.verify.worker import scratch

START = Path(__file__).parent / "worker" / "start.py"
CHUNK = 1 << 16
# A line that is longer was not sent by a reporter.
LONGEST_LINE = 16 << 20


@dataclass(slots=True)
class Waiting:
    """A request whose answer is not complete. `nonce` is "" where the worker sees to that."""

    request: Request
    nonce: str = ""
    started: float = field(default_factory=time.monotonic)
    events: list[dict[str, object]] = field(default_factory=list)
    received: int = 0


# Who said something, and the line; None where nothing more will come.
Heard = SimpleQueue[tuple["Worker", bytes | None]]


class Worker:
    """A process that imports TensorFlow; what it says goes to `heard`.

    Raises `NoTensorFlow` where the interpreter cannot be started.
    """

    def __init__(self, python: str, heard: Heard, *, may_fork: bool = True) -> None:
        self.python = python
        self.started = time.monotonic()
        self.is_ready = False
        self.waiting: dict[int, Waiting] = {}
        # How many witnesses it was given, of which file the last; what they may read, and write.
        self.served = 0
        self.main = ""
        self.readable: frozenset[str] = frozenset()
        self.folder = ""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it is stopped
        command = [python, "-B", str(START), *([] if may_fork else ["--no-fork"])]
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                bufsize=0,
                env=environment(os.environ),
                start_new_session=True,
                cwd=tempfile.gettempdir(),
            )
        except OSError as error:
            self._errors.close()
            raise NoTensorFlow(f"`{python}` cannot be run: {error.strerror}") from None
        threading.Thread(target=self._listen, args=(heard,), daemon=True).start()

    def send(self, message: dict[str, object]) -> None:
        """Send a request; the death of the process is noticed when it is listened to."""
        assert self.process.stdin is not None
        data = memoryview(json.dumps(message).encode("ascii") + b"\n")
        with contextlib.suppress(OSError, ValueError):
            while data:
                data = data[os.write(self.process.stdin.fileno(), data) :]

    def cleared(self) -> str:
        """Return the folder of the next witness that shares this process, with nothing in it.

        "" where something cannot be removed.
        """
        if not self.folder:
            self.folder = scratch.make()
        scratch.clear(self.folder)
        try:
            return "" if os.listdir(self.folder) else self.folder
        except OSError:
            return ""

    def last_words(self) -> str:
        """Say why the process ended before it was ready."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(2)
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace")
        return death(self.python, self.process.returncode or 0, said)

    def stop(self, patience: float = 0.5) -> int:
        """End the process and those it started; return its exit status."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        # It ends its children when it has no more requests; what is stuck is ended here.
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            if hasattr(os, "killpg"):
                with contextlib.suppress(OSError):
                    os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait()
        self._errors.close()
        if self.folder:
            scratch.remove(self.folder)
        return self.process.returncode

    def _listen(self, heard: Heard) -> None:
        """Pass every line on, on a thread: not every system can wait for several pipes."""
        assert self.process.stdout is not None
        buffer = b""
        with self.process.stdout as pipe, contextlib.suppress(OSError, ValueError):
            while (data := os.read(pipe.fileno(), CHUNK)) and len(buffer) < LONGEST_LINE:
                *lines, buffer = (buffer + data).split(b"\n")
                for line in lines:
                    heard.put((self, line))
        heard.put((self, None))
