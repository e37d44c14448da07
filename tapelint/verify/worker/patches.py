"""Replace attributes of other people's classes and modules, and put them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Patches:
    """What has been replaced, the newest last."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def set(self, owner: Any, name: str, value: Any) -> None:
        """Replace an attribute that `owner` itself has."""
        original = vars(owner)[name]
        setattr(owner, name, value)
        self.add(lambda: setattr(owner, name, original))

    def add(self, undo: Callable[[], None]) -> None:
        """Remember how to take something back."""
        self._undo.append(undo)

    def undo(self) -> None:
        """Put everything back, the newest first."""
        while self._undo:
            self._undo.pop()()
