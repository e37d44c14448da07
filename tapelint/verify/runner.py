"""The parent of the worker processes: hands out requests, collects events, survives their deaths.

Where a fork is safe there is one worker, which runs every witness in a child of its own. Elsewhere
there are several, and each runs one witness after the other in itself, until one leaves a trace.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from queue import Empty, SimpleQueue
from types import TracebackType

from tapelint.verify.cache import Cache
from tapelint.verify.installation import Installation, NoTensorFlow, refusal
from tapelint.verify.observed import Run, run_from
from tapelint.verify.process import Waiting, Worker
from tapelint.verify.request import Request
from tapelint.verify.worker import scratch
from tapelint.verify.worker.patience import TIMES_LONGER

PROTOCOL = 2
# For developers: share workers here, too, as where no fork is safe.
NO_FORK = "TAPELINT_NO_FORK"
# A cold disk may take this long to give up TensorFlow's 500 MB.
SECONDS_TO_IMPORT = 180.0
# A witness that does not end is ended by its worker; beyond this the worker itself is stuck.
GRACE = 10.0
# What a witness may send altogether, and write, where its worker does not see to that.
MOST_BYTES = 8 << 20
MOST_ON_DISK = 512 << 20
SECONDS_BETWEEN_LOOKS = 0.5
# A worker that was shared by so many is replaced, whatever it looks like.
MOST_WITNESSES = 50


class Runner:
    """Runs witnesses under one interpreter, as a context manager.

    Entering imports TensorFlow, which takes seconds; it raises `NoTensorFlow` where that fails.
    Without `may_fork` the witnesses share workers everywhere.
    """

    def __init__(
        self,
        python: str,
        *,
        at_once: int = 1,
        cache: Cache | None = None,
        may_fork: bool | None = None,
    ) -> None:
        self.python = python
        self.at_once = at_once
        self.cache = cache
        self.may_fork = NO_FORK not in os.environ if may_fork is None else may_fork
        self.installation: Installation | None = None
        self._heard: SimpleQueue[tuple[Worker, bytes | None]] = SimpleQueue()
        self._workers: list[Worker] = []
        self._number = 0
        # Programs that left a trace: each is to be the first one of its worker.
        self._alone: set[str] = set()
        self._again: list[Request] = []
        # All folders that any of the witnesses may read.
        self._roots: set[str] = set()
        self._looked = 0.0

    def __enter__(self) -> Runner:
        self._begin()
        try:
            while self.installation is None:
                for _ in self._listen():
                    pass
        except BaseException:
            # What was never entered is not left either: Ctrl-C would leave a worker behind.
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in list(self._workers):
            self._stop(worker)

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Run]]:
        """Yield what each request gave, in the order in which they are done."""
        queue: deque[Request] = deque()
        installation = self.installation
        assert installation is not None
        for request in requests:
            known = self.cache.get(request, installation) if self.cache else None
            if known is None:
                queue.append(request)
                self._roots.update(request.roots)
            else:
                yield request, known
        try:
            while queue or any(worker.waiting for worker in self._workers):
                self._hand_out(queue, installation)
                for waiting, fate in self._listen():
                    run = run_from(waiting.events, fate, time.monotonic() - waiting.started)
                    if self.cache:
                        self.cache.put(waiting.request, installation, waiting.events, run)
                    yield waiting.request, run
                queue.extend(self._again)
                self._again.clear()
        finally:
            for worker in [w for w in self._workers if w.waiting]:
                self._stop(worker)

    # ------------------------------------------------------------------------- handing out

    def _hand_out(self, queue: deque[Request], installation: Installation) -> None:
        """Give every worker what it can take, and start those that are missing."""
        for worker in [w for w in self._workers if w.is_ready]:
            if installation.can_fork:
                while queue and len(worker.waiting) < self.at_once:
                    self._give(worker, Waiting(queue.popleft()), {})
            elif queue and not worker.waiting:
                request = self._fitting(worker, queue, installation)
                folder = worker.cleared()
                if request is None or not folder:
                    if sum(not (w.waiting or w.served) for w in self._workers) < len(queue):
                        self._stop(worker)
                        self._begin()
                    continue
                queue.remove(request)
                worker.readable = worker.readable or frozenset(self._roots)
                waiting = Waiting(request, os.urandom(16).hex())
                more = {"nonce": waiting.nonce, "scratch": folder}
                self._give(worker, waiting, {**more, "readable": sorted(worker.readable)})
        idle = sum(not worker.waiting for worker in self._workers)
        most = 1 if installation.can_fork else self.at_once
        for _ in range(min(most - len(self._workers), len(queue) - idle)):
            self._begin()

    def _fitting(
        self, worker: Worker, queue: deque[Request], installation: Installation
    ) -> Request | None:
        """Return the first request that a worker can take, None where it has been used too much."""
        own = [r for r in queue if r.main not in self._alone]
        if not worker.served:
            return own[0] if own else queue[0]
        if self.may_fork and installation.sandbox != "weak":
            # What confines a witness is worth more than time: no file can lie about another.
            own = [r for r in own if r.main == worker.main]
        # The kernel lets nobody read more than what was said at first.
        readable = worker.readable if installation.landlock else self._roots
        return next((r for r in own if readable.issuperset(r.roots)), None)

    def _give(self, worker: Worker, waiting: Waiting, more: dict[str, object]) -> None:
        self._number += 1
        worker.served += 1
        worker.main = waiting.request.main
        worker.waiting[self._number] = waiting
        worker.send({"id": self._number, **waiting.request.message(), **more})

    # --------------------------------------------------------------------------- listening

    def _listen(self) -> Iterator[tuple[Waiting, str]]:
        """Yield what is done now, and its fate; wait until something happens."""
        try:
            worker, line = self._heard.get(timeout=1.0)
        except Empty:
            pass
        else:
            # Nobody listens to one that was stopped.
            if worker in self._workers:
                yield from self._ended(worker) if line is None else self._told(worker, line)
        now = time.monotonic()
        for worker in list(self._workers):
            if not worker.is_ready and now > worker.started + SECONDS_TO_IMPORT:
                self._stop(worker)
                raise NoTensorFlow(f"`{self.python}` took too long to import TensorFlow")
            if worker.waiting and (fate := self._excess(worker, now)):
                self._stop(worker)
                for waiting in worker.waiting.values():
                    yield waiting, fate

    def _told(self, worker: Worker, line: bytes) -> Iterator[tuple[Waiting, str]]:
        event = _parsed(line)
        if not worker.is_ready:
            if "hello" in event:
                self._greeted(worker, event)
            return
        for waiting in worker.waiting.values():
            waiting.received += len(line)
        number = event.get("id")
        if not isinstance(number, int):
            return
        found = worker.waiting.get(number)
        if found is None or (found.nonce and event.pop("nonce", None) != found.nonce):
            return
        found.events.append(event)
        if event.get("event") == "done":
            del worker.waiting[number]
            if not found.nonce or self._leaves_nothing(worker, found, event):
                yield found, str(event.get("fate"))

    def _leaves_nothing(self, worker: Worker, waiting: Waiting, event: dict[str, object]) -> bool:
        """Replace a worker that cannot go on; tell whether what the last witness showed counts."""
        trace = event.get("trace")
        if trace or event.get("is_full") or worker.served >= MOST_WITNESSES:
            self._stop(worker)
        return not trace or self._was_first(worker, waiting)

    def _was_first(self, worker: Worker, waiting: Waiting) -> bool:
        """Run a witness that leaves traces again where it came later: what it does may be read once.

        The flags of XLA are, so a program that sets them gets another answer in a used process.
        """
        self._alone.add(waiting.request.main)
        if worker.served > 1:
            self._again.append(waiting.request)
        return worker.served == 1

    def _ended(self, worker: Worker) -> Iterator[tuple[Waiting, str]]:
        """A worker is gone, with all that it was at."""
        if not worker.is_ready:
            words = worker.last_words()
            self._stop(worker)
            raise NoTensorFlow(words)
        status = self._stop(worker)
        for waiting in worker.waiting.values():
            if not waiting.nonce:
                yield waiting, "the worker died"
            elif self._was_first(worker, waiting):
                has_ended = any(event.get("event") == "end" for event in waiting.events)
                number = -status if status < 0 else None
                waiting.events.append({"event": "done", "signal": number, "exit": max(status, 0)})
                yield waiting, "ended" if has_ended else "died"

    def _excess(self, worker: Worker, now: float) -> str:
        """Say what a worker or its witness has taken too much of, "" where that is nothing."""
        can_fork = self.installation is not None and self.installation.can_fork
        # Without a fork there is nobody beside the witness who looks at what it uses.
        times = TIMES_LONGER if can_fork else 1
        first = min(w.started + w.request.limits.seconds * times for w in worker.waiting.values())
        if now > first + GRACE:
            return "timed out"
        if not can_fork:
            if any(w.received > MOST_BYTES for w in worker.waiting.values()):
                return "too much to say"
            if now > self._looked + SECONDS_BETWEEN_LOOKS:
                self._looked = now
                if any(
                    scratch.is_overfull(w.folder, MOST_ON_DISK) for w in self._workers if w.folder
                ):
                    return "wrote too much"
        return ""

    # ------------------------------------------------------------------------- the processes

    def _begin(self) -> None:
        may_fork = self.may_fork if self.installation is None else self.installation.can_fork
        self._workers.append(Worker(self.python, self._heard, may_fork=may_fork))

    def _stop(self, worker: Worker) -> int:
        self._workers.remove(worker)
        return worker.stop()

    def _greeted(self, worker: Worker, hello: dict[str, object]) -> None:
        if hello.get("hello") is not True or hello.get("protocol") != PROTOCOL:
            self._stop(worker)
            message = refusal(self.python, str(hello.get("type")), str(hello.get("message")))
            raise NoTensorFlow(message)
        worker.is_ready = True
        self.installation = _installation(self.python, hello)


def _parsed(line: bytes) -> dict[str, object]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
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
