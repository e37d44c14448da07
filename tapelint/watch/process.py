"""Start the user's program as a process that differs from any other by being watched.

It has our standard streams, environment, folder and process group; signals sent to us reach it, and
we end as it ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import selectors
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tapelint.watch.program.channel import SIZE, SLOT

START = Path(__file__).parent / "program" / "start.py"
# Passed on when they are sent to us alone. Those of the terminal reach the program by themselves.
PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
FROM_KERNEL = 0
CHUNK = 1 << 16
PATIENCE = 0.1

Event = dict[str, object]


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: an interpreter, a script or module, and its arguments."""

    python: str
    target: str
    arguments: tuple[str, ...]
    is_module: bool = False
    is_traced: bool = False


class CannotStart(Exception):
    """The interpreter cannot be run; the text is the sentence to show."""


def run(program: Program, heard: Callable[[Event | None], None]) -> tuple[int, Sequence[int]]:
    """Run a program to its end; return how it ended, and the counters of its sites.

    `heard` gets every event, and None now and then. The code is that of `subprocess`: negative
    for a signal.
    """
    with tempfile.TemporaryFile() as counters:
        counters.truncate(SIZE)
        listening, speaking = os.pipe()
        try:
            with _Signals() as signals:
                process = _started(program, speaking, counters, signals)
                os.close(speaking)
                speaking = -1
                signals.receiver = process
                _listen(listening, process, heard)
                code = process.wait()
        finally:
            os.close(listening)
            if speaking >= 0:
                os.close(speaking)
        counters.seek(0)
        numbers = [n for slot in SLOT.iter_unpack(counters.read(SIZE)) for n in slot]
    return code, numbers


def end_as(code: int) -> int:
    """Return the exit code of a program, or die by the signal that it died of."""
    if code >= 0:
        return code
    number = -code
    with contextlib.suppress(OSError, ValueError):
        # One core dump is enough.
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with contextlib.suppress(OSError, ValueError):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number


def _started(
    program: Program, speaking: int, counters: IO[bytes], signals: _Signals
) -> subprocess.Popen[bytes]:
    settings = {
        "events": speaking,
        "counters": counters.fileno(),
        "is_module": program.is_module,
        "trace": program.is_traced,
        "parent": os.getpid(),
    }
    for descriptor in (speaking, counters.fileno()):
        os.set_inheritable(descriptor, True)
    command = [program.python, str(START), json.dumps(settings), program.target]
    try:
        # What we have open for the program (`<(...)` of a shell) stays open.
        return subprocess.Popen(
            [*command, *program.arguments], close_fds=False, preexec_fn=signals.release
        )
    except OSError as error:
        raise CannotStart(f"`{program.python}` cannot be run: {error.strerror}") from None


def _listen(
    listening: int, process: subprocess.Popen[bytes], heard: Callable[[Event | None], None]
) -> None:
    """Pass events on until there are no more, or until the program has ended.

    Processes that the program leaves behind hold the pipe open, and have nothing to say.
    """
    buffer = b""
    os.set_blocking(listening, False)
    with selectors.DefaultSelector() as selector:
        selector.register(listening, selectors.EVENT_READ)
        while True:
            has_ended = process.poll() is not None
            ready = selector.select(0 if has_ended else PATIENCE)
            if not ready:
                if has_ended:
                    return
                heard(None)
                continue
            data = os.read(listening, CHUNK)
            if not data:
                return
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                with contextlib.suppress(ValueError):
                    event = json.loads(line)
                    if isinstance(event, dict):
                        heard(event)


class _Signals:
    """Passes signals on that are sent to us, as a context manager."""

    def __init__(self) -> None:
        self.receiver: subprocess.Popen[bytes] | None = None
        known = [getattr(signal, name) for name in PASSED_ON if hasattr(signal, name)]
        # for: nohup, where hanging up is ignored, and has to be by the program as well
        self.numbers = {n for n in known if signal.getsignal(n) is not signal.SIG_IGN}
        self.before: set[int] = set()
        self.is_over = False

    def __enter__(self) -> _Signals:
        self.before = set(signal.pthread_sigmask(signal.SIG_BLOCK, self.numbers))
        self.thread = threading.Thread(target=self._wait, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *ignored: object) -> None:
        self.is_over = True
        self.thread.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, self.before)

    def release(self) -> None:
        """Let the program have its signals, in its process and before it begins."""
        signal.pthread_sigmask(signal.SIG_SETMASK, self.before)

    def _wait(self) -> None:
        while not self.is_over:
            if hasattr(signal, "sigtimedwait"):
                info = signal.sigtimedwait(self.numbers, PATIENCE)
                if info is not None and info.si_pid != FROM_KERNEL:
                    self._pass_on(info.si_signo)
            else:  # macOS
                threading.Event().wait(PATIENCE)
                for number in signal.sigpending() & self.numbers:
                    signal.sigwait({number})
                    if number not in (signal.SIGINT, signal.SIGQUIT):
                        self._pass_on(number)

    def _pass_on(self, number: int) -> None:
        if self.receiver is not None:
            with contextlib.suppress(OSError):
                self.receiver.send_signal(number)
