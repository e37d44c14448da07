"""Deep recursion without a crash: work is done in a thread whose stack is large enough.

LibCST and everything that walks trees recurse as deep as the user's expressions nest.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

# Only what is touched takes memory. Systems that refuse the first size may grant a smaller one.
STACK_SIZES = (512 << 20, 64 << 20, 0)
RECURSION_LIMIT = 100_000

_here = threading.local()
_starting = threading.Lock()


class _Limit:
    """The interpreter's one recursion limit, raised as long as anybody is at work."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.usual = 0

    def __enter__(self) -> None:
        with self.lock:
            if not self.users:
                self.usual = sys.getrecursionlimit()
                sys.setrecursionlimit(max(self.usual, RECURSION_LIMIT))
            self.users += 1

    def __exit__(self, *error: object) -> None:
        with self.lock:
            self.users -= 1
            if not self.users:
                sys.setrecursionlimit(self.usual)


_limit = _Limit()


def with_large_stack(work: Callable[[], Result]) -> Result:
    """Return what `work` returns, or raise what it raises; a nested call costs nothing."""
    if getattr(_here, "is_large", False):
        return work()
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        _here.is_large = True
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised again where it belongs
            errors.append(error)

    with _limit:
        _start(run).join()
    if errors:
        raise errors[0]
    return results[0]


def _start(run: Callable[[], None]) -> threading.Thread:
    # The stack size is a setting of the process: nobody else may start a thread meanwhile.
    with _starting:
        for size in STACK_SIZES:
            usual = threading.stack_size(size)
            try:
                thread = threading.Thread(target=run, daemon=True)
                thread.start()
                return thread
            except (RuntimeError, MemoryError):
                if size == STACK_SIZES[-1]:
                    raise
            finally:
                threading.stack_size(usual)
    raise AssertionError("the loop returns or raises")
