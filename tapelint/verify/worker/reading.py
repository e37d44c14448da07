"""Note which of the user's files a witness reads: what it showed holds as long as they do."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from tapelint.verify.worker.patches import Patches

# Who listens now. A hook of Python's cannot be taken back, and one is enough.
_listening: list[Reading] = []
_hooks: list[Callable[..., None]] = []


class Reading:
    """Hears of every file that Python opens; those that TensorFlow opens itself it does not see."""

    def __init__(self, is_users: Callable[[str], bool], scratch: str) -> None:
        self.is_users = is_users
        self.scratch = scratch
        self.opened: set[str] = set()

    def install(self, patches: Patches) -> None:
        """Listen until that is taken back."""
        if _hear not in _hooks:
            _hooks.append(_hear)
            sys.addaudithook(_hear)
        _listening.append(self)
        patches.add(_listening.clear)

    def files(self) -> list[str]:
        """Return the user's files that were opened, with their full paths."""
        found = {os.path.abspath(path) for path in self.opened}
        return sorted(path for path in found if self.is_users(path) and not self._is_own(path))

    def _is_own(self, path: str) -> bool:
        return path.startswith(self.scratch + os.sep)


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str):
        for reading in _listening:
            reading.opened.add(arguments[0])
