"""The parent of the worker process: sends requests, collects events, survives its death."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from tapelint.verify.cache import Cache
from tapelint.verify.installation import Installation, NoTensorFlow, death, environment, refusal
from tapelint.verify.observed import Run, run_from
from tapelint.verify.request import Request
from tapelint.verify.worker import scratch
from tapelint.verify.worker.patience import TIMES_LONGER

START = Path(__file__).parent / "worker" / "start.py"
PROTOCOL = 1
# A cold disk may take this long to give up TensorFlow's 500 MB.
SECONDS_TO_IMPORT = 180.0
# A child that does not end is ended by the worker; beyond this the worker itself is stuck.
GRACE = 10.0
CHUNK = 1 << 16


@dataclass(slots=True)
class _Waiting:
    """A request whose answer is not complete."""

    request: Request
    started: float
    events: list[dict[str, object]] = field(default_factory=list)


class Runner:
    """Runs witnesses under one interpreter, as a context manager.

    Entering imports TensorFlow, which takes seconds; it raises `NoTensorFlow` where that fails.
    """

    def __init__(self, python: str, *, at_once: int = 1, cache: Cache | None = None) -> None:
        self.python = python
        self.at_once = at_once
        self.cache = cache
        self.installation: Installation | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._requests = self._answers = -1
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed on exit
        self._buffer = b""
        self._folder = ""

    def __enter__(self) -> Runner:
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()
        self._clean()
        self._errors.close()

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Run]]:
        """Yield what each request gave, in the order in which they are done."""
        queue: deque[Request] = deque()
        waiting: dict[int, _Waiting] = {}
        number = 0
        installation = self.installation
        assert installation is not None
        for request in requests:
            known = self.cache.get(request, installation) if self.cache else None
            if known is None:
                queue.append(request)
            else:
                yield request, known
        at_once = self.at_once if installation.can_fork else 1
        while queue or waiting:
            while queue and len(waiting) < at_once:
                if self._process is None:
                    self._start()
                number += 1
                request = queue.popleft()
                waiting[number] = _Waiting(request, time.monotonic())
                self._send({"id": number, **request.message(), **self._scratch(installation)})
            for done, run in self._progress(waiting):
                entry = waiting.pop(done)
                if self.cache:
                    self.cache.put(entry.request, installation, entry.events, run)
                yield entry.request, run
            if not installation.can_fork and not waiting:
                # Such a worker is good for one witness.
                self._stop()
                self._clean()

    def _scratch(self, installation: Installation) -> dict[str, object]:
        """Make the folder of a witness that has its worker for itself."""
        if installation.can_fork:
            return {}
        self._folder = scratch.make()
        return {"scratch": self._folder}

    def _clean(self) -> None:
        if self._folder:
            scratch.remove(self._folder)
            self._folder = ""

    def _progress(self, waiting: dict[int, _Waiting]) -> Iterator[tuple[int, Run]]:
        """Yield the requests that are done now; wait until something happens."""
        line = self._line(1.0)
        now = time.monotonic()
        if line is None:
            # The worker is gone, with all that it was at.
            self._stop()
            for number, entry in list(waiting.items()):
                yield number, run_from(entry.events, "the worker died", now - entry.started)
            return
        if line:
            event = _parsed(line)
            answered = event.get("id")
            if isinstance(answered, int) and answered in waiting:
                entry = waiting[answered]
                if event.get("event") == "done":
                    fate = str(event.get("fate"))
                    entry.events.append(event)
                    yield answered, run_from(entry.events, fate, now - entry.started)
                else:
                    entry.events.append(event)
            return
        # Without a fork there is nobody beside the witness who looks at what it uses.
        can_fork = self.installation is not None and self.installation.can_fork
        times = TIMES_LONGER if can_fork else 1
        limit = GRACE + min(w.started + w.request.limits.seconds * times for w in waiting.values())
        if now > limit:
            self._stop()
            for number, entry in list(waiting.items()):
                yield number, run_from(entry.events, "timed out", now - entry.started)

    # ----------------------------------------------------------------------------- the process

    def _start(self) -> None:
        if os.name != "posix":
            raise NoTensorFlow("the code of findings can be run on Linux and macOS only")
        their_requests, self._requests = os.pipe()
        self._answers, their_answers = os.pipe()
        command = [self.python, "-B", str(START), str(their_requests), str(their_answers)]
        if self.installation is not None and not self.installation.can_fork:
            command.append("--once")
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                env=environment(os.environ),
                pass_fds=(their_requests, their_answers),
                start_new_session=True,
                cwd=tempfile.gettempdir(),
            )
        except OSError as error:
            raise NoTensorFlow(f"`{self.python}` cannot be run: {error.strerror}") from None
        finally:
            os.close(their_requests)
            os.close(their_answers)
        self._buffer = b""
        self.installation = self._greeted()

    def _greeted(self) -> Installation:
        deadline = time.monotonic() + SECONDS_TO_IMPORT
        line: bytes | None = b""
        while line == b"" and time.monotonic() < deadline:
            line = self._line(1.0)
        hello = _parsed(line or b"")
        if hello.get("hello") is True and hello.get("protocol") == PROTOCOL:
            return _installation(self.python, hello)
        if hello.get("hello") is False:
            message = refusal(self.python, str(hello.get("type")), str(hello.get("message")))
        elif line == b"":
            message = f"`{self.python}` took too long to import TensorFlow"
        else:
            message = self._last_words()
        self._stop()
        raise NoTensorFlow(message)

    def _last_words(self) -> str:
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace")
        return death(self.python, self._process.returncode or 0, said)

    def _stop(self) -> None:
        """End the worker and its children at once."""
        process, self._process = self._process, None
        if process is None:
            return
        for descriptor in (self._requests, self._answers):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        # The worker ends its children when it has no more requests; a stuck one is ended here.
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    # ---------------------------------------------------------------------------------- lines

    def _send(self, message: dict[str, object]) -> None:
        data = json.dumps(message).encode("ascii") + b"\n"
        with contextlib.suppress(OSError):  # its death is noticed when it is listened to
            while data:
                data = data[os.write(self._requests, data) :]

    def _line(self, patience: float) -> bytes | None:
        """Return the next line, b"" where none came in time, None where none will come."""
        deadline = time.monotonic() + patience
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                return b""
            with selectors.DefaultSelector() as selector:
                selector.register(self._answers, selectors.EVENT_READ)
                if not selector.select(left):
                    return b""
            data = os.read(self._answers, CHUNK)
            if not data:
                return None
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


def _parsed(line: bytes) -> dict[str, object]:
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _installation(python: str, hello: dict[str, object]) -> Installation:
    landlock, seconds = hello.get("landlock"), hello.get("seconds")
    return Installation(
        python_path=python,
        tensorflow=str(hello.get("tensorflow", "")),
        keras=str(hello.get("keras", "")),
        python=str(hello.get("python", "")),
        can_fork=hello.get("can_fork") is True,
        landlock=landlock if isinstance(landlock, int) else 0,
        has_seccomp=hello.get("seccomp") is True,
        seconds=seconds if isinstance(seconds, float) else 0.0,
    )
