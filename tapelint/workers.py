"""Run one function over many items in processes that may crash or hang.

What happens to one item never reaches the others: a process that dies or takes too long is
replaced, and its item is answered with a `Fate`.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

# Python frames that go through C take up to 10 kB of stack each. The memory is only reserved.
RECURSION_LIMIT = 20_000
# Tried in this order: a process may not be allowed to reserve the first.
STACK_BYTES = (512 * 1024 * 1024, 64 * 1024 * 1024, 0)
ORPHAN_SECONDS = 1.0
# How much longer than its processor time an item may take by the clock, on a busy machine.
PATIENCE = 5
# Systems refuse to wait for years; whoever allows a file for ever is asked again and again.
LONGEST_WAIT = 3600.0
# How many objects are made before the youngest are looked through for garbage.
YOUNGEST = 50_000


class Fate(Enum):
    """Why there is no answer for an item."""

    CRASHED = "crashed"
    TIMED_OUT = "timed out"


def run(
    task: Callable[[Item], Answer],
    items: Sequence[Item],
    *,
    processes: int,
    seconds: float,
    is_quiet: bool = True,
) -> Iterator[tuple[int, Answer | Fate]]:
    """Yield the index and the answer of each item, in the order in which they are done.

    Items are handed out one by one, in their order: put the long ones first. A first crash is no
    proof (the system may have been out of memory), so that the item is tried once more.
    """
    pool = _Pool(task, items, seconds, is_quiet)
    try:
        yield from pool.answers(min(processes, len(items)))
    finally:
        pool.stop()


def with_deep_stack(action: Callable[[], None]) -> None:
    """Run `action` where deep recursion ends in RecursionError instead of a crash."""
    before = sys.getrecursionlimit()
    previous = threading.stack_size()
    for size in STACK_BYTES:
        # With an ordinary stack the ordinary limit must do.
        limit = RECURSION_LIMIT if size else before
        thread = threading.Thread(target=_limited, args=(action, limit), daemon=True)
        try:
            threading.stack_size(size)
            thread.start()
        except (RuntimeError, ValueError):
            continue
        finally:
            threading.stack_size(previous)
        thread.join()
        sys.setrecursionlimit(before)
        return
    action()


def _limited(action: Callable[[], None], limit: int) -> None:
    # Not after the start of the thread: `action` may be deep by then.
    sys.setrecursionlimit(limit)
    action()


@dataclass(slots=True)
class _Worker:
    """One process, and the item it is at."""

    process: BaseProcess
    connection: Connection
    index: int | None = None
    deadline: float = 0.0
    # When it is given up, however little processor time it had; and what it had used at the start.
    last_deadline: float = 0.0
    used_before: float = 0.0


class _Pool(Generic[Item, Answer]):
    def __init__(
        self, task: Callable[[Item], Answer], items: Sequence[Item], seconds: float, is_quiet: bool
    ) -> None:
        self.task = task
        self.items = items
        self.seconds = seconds
        self.is_quiet = is_quiet
        self.waiting = deque(range(len(items)))
        self.tried: set[int] = set()
        self.workers: list[_Worker] = []
        self.context = multiprocessing.get_context(start_method())

    def answers(self, processes: int) -> Iterator[tuple[int, Answer | Fate]]:
        while True:
            while self.waiting and len(self.workers) < processes:
                self.workers.append(self._started())
            for worker in self.workers:
                if worker.index is None and self.waiting:
                    self._assign(worker, self.waiting.popleft())
            busy = [worker for worker in self.workers if worker.index is not None]
            if not busy:
                return
            patience = min(worker.deadline for worker in busy) - time.monotonic()
            patience = min(max(patience, 0), LONGEST_WAIT)
            ready = wait([worker.connection for worker in busy], patience)
            for worker in busy:
                if worker.connection in ready:
                    yield from self._received(worker)
                elif time.monotonic() > worker.deadline and not self._prolonged(worker):
                    yield from self._given_up(worker, Fate.TIMED_OUT)

    def stop(self) -> None:
        """End all processes at once, whatever they are doing."""
        for worker in self.workers:
            worker.process.kill()
        for worker in self.workers:
            worker.process.join()
            worker.connection.close()
        self.workers.clear()

    def _started(self) -> _Worker:
        ours, theirs = self.context.Pipe()
        process = self.context.Process(  # type: ignore[attr-defined]  # every context has it
            target=_serve, args=(self.task, theirs, self.is_quiet), daemon=True
        )
        with _interruption_held_back():
            process.start()
        # While this end stayed open, the death of the process would not be noticed.
        theirs.close()
        return _Worker(process, ours)

    def _assign(self, worker: _Worker, index: int) -> None:
        worker.index = index
        worker.deadline = time.monotonic() + self.seconds
        worker.last_deadline = time.monotonic() + self.seconds * PATIENCE
        worker.used_before = processor_seconds(worker.process.pid) or 0.0
        with contextlib.suppress(OSError):  # a dead process is noticed when it is waited for
            worker.connection.send((index, self.items[index]))

    def _prolonged(self, worker: _Worker) -> bool:
        """Give a worker more time where others kept the machine busy: what counts is its own."""
        used = processor_seconds(worker.process.pid)
        if used is None:
            return False
        left = self.seconds - (used - worker.used_before)
        worker.deadline = min(time.monotonic() + left, worker.last_deadline)
        return left > 0.1 and worker.deadline > time.monotonic()

    def _received(self, worker: _Worker) -> Iterator[tuple[int, Answer | Fate]]:
        try:
            index, answer = worker.connection.recv()
        except (EOFError, OSError):
            yield from self._given_up(worker, Fate.CRASHED)
        else:
            worker.index = None
            yield index, answer

    def _given_up(self, worker: _Worker, fate: Fate) -> Iterator[tuple[int, Fate]]:
        index = worker.index
        assert index is not None
        self.workers.remove(worker)
        worker.process.kill()
        worker.process.join()
        worker.connection.close()
        if fate is Fate.CRASHED and index not in self.tried:
            self.tried.add(index)
            self.waiting.append(index)
        else:
            yield index, fate


def available_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor_seconds(pid: int | None) -> float | None:
    """Return the processor time that a process has used, None where the system does not tell."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        # The name in brackets may hold spaces; user and system time are the 12th and 13th after it.
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def start_method() -> str:
    """Return how processes are best started here: a fork has all modules loaded already."""
    # Frameworks of macOS do not survive a fork.
    can_fork = "fork" in multiprocessing.get_all_start_methods() and sys.platform != "darwin"
    return "fork" if can_fork else "spawn"


@contextlib.contextmanager
def _interruption_held_back() -> Iterator[None]:
    """Hold Ctrl-C back from a new process, which shares the terminal and would print a trace."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def _serve(task: Callable[[Item], object], connection: Connection, is_quiet: bool) -> None:
    """Answer items until the other end is gone; the body of a process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if is_quiet:
        # What native code says before it dies means nothing to the user.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    # What an item leaves behind are trees, which are looked through in vain as long as they live.
    gc.freeze()
    gc.set_threshold(YOUNGEST)
    with_deep_stack(lambda: _answer_all(task, connection, os.getppid()))
    # Not sys.exit: a copy of the terminal's buffers must not be flushed a second time.
    os._exit(0)


def _answer_all(task: Callable[[Item], object], connection: Connection, parent: int) -> None:
    while True:
        # A killed parent leaves no message, and other processes may hold its end of the pipe.
        while not connection.poll(ORPHAN_SECONDS):
            if os.getppid() != parent:
                return
        try:
            index, item = connection.recv()
            connection.send((index, task(item)))
        except BaseException:  # noqa: BLE001
            # Whatever it is, the parent knows which item it was.
            os._exit(70)
