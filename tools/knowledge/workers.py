"""Measure in forked processes: a hang or a crash of TensorFlow costs one callable, not the run."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

BATCH = 40
MEMORY = 10 << 30


@dataclass(slots=True)
class _Worker:
    pid: int
    pipe: BinaryIO
    indices: list[int]
    since: float
    buffer: bytes = b""


def run(
    count: int, work: Callable[[int], Any], *, workers: int, seconds: float
) -> Iterator[tuple[int, Any]]:
    """Call `work` for each index in forked processes; yield what it returned, as JSON would.

    An index whose process died or took longer than `seconds` yields None. This process must not
    have run an operation of TensorFlow.
    """
    waiting = [list(range(start, min(start + BATCH, count))) for start in range(0, count, BATCH)]
    waiting.reverse()
    active: list[_Worker] = []
    while waiting or active:
        while waiting and len(active) < workers:
            active.append(_start(waiting.pop(), work))
        ready, _, _ = select.select([worker.pipe for worker in active], [], [], 0.5)
        for worker in list(active):
            is_over = False
            if worker.pipe in ready:
                data = os.read(worker.pipe.fileno(), 1 << 20)
                worker.buffer += data
                is_over = not data
                *lines, worker.buffer = worker.buffer.split(b"\n")
                for line in lines:
                    worker.indices.pop(0)
                    if os.environ.get("KB_SLOW") and time.monotonic() - worker.since > 3:
                        print("SLOW", time.monotonic() - worker.since, line[:200], file=sys.stderr)
                    worker.since = time.monotonic()
                    index, value = json.loads(line)
                    yield index, value
            if is_over or time.monotonic() - worker.since > seconds:
                active.remove(worker)
                _stop(worker)
                if worker.indices:
                    yield worker.indices.pop(0), None
                if worker.indices:
                    waiting.append(worker.indices)


def _start(indices: list[int], work: Callable[[int], Any]) -> _Worker:
    reading, writing = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            _work(indices, work, writing)
        finally:
            os._exit(0)
    os.close(writing)
    return _Worker(pid, os.fdopen(reading, "rb", buffering=0), list(indices), time.monotonic())


def _work(indices: list[int], work: Callable[[int], Any], writing: int) -> None:
    # Samples print, and may write files: neither reaches anybody.
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nowhere, standard)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with os.fdopen(writing, "wb") as pipe:
            for index in indices:
                pipe.write(json.dumps([index, work(index)]).encode() + b"\n")
                pipe.flush()
        os.chdir("/")


def _stop(worker: _Worker) -> None:
    worker.pipe.close()
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker.pid, signal.SIGKILL)
    os.waitpid(worker.pid, 0)
