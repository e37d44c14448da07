"""The cells of a state: a dict that knows the names under an identity, and what was written lately.

States are copied at every branch and have ten thousands of cells, of which a branch writes a few.
What is asked of them all the time must not cost a walk over all.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any


class Stretch:
    """The keys written between two forks; `parent` is what was written before."""

    __slots__ = ("depth", "keys", "parent")

    def __init__(self, parent: Stretch | None = None) -> None:
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.keys: list[Hashable] = []


class Cells(dict[Hashable, Any]):
    """What a state holds, by key: `(identity, name)` for an attribute or a name."""

    __slots__ = ("_names", "_stretch")

    def __init__(self) -> None:
        # Of every fork: a name that only another path wrote is looked up here in vain.
        self._names: dict[Hashable, dict[tuple[Hashable, ...], None]] = {}
        self._stretch = Stretch()

    def fork(self) -> Cells:
        """Return a copy that may go its own way."""
        copy = Cells()
        dict.update(copy, self)
        copy._names = self._names
        before = self._stretch
        self._stretch, copy._stretch = Stretch(before), Stretch(before)
        return copy

    def __setitem__(self, key: Hashable, value: Any) -> None:
        dict.__setitem__(self, key, value)
        self._note(key)

    def setdefault(self, key: Hashable, default: Any = None) -> Any:
        """Return what the key holds, which is the default if there was nothing."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: Hashable, *default: Any) -> Any:
        """Remove a key and return what it held."""
        self._stretch.keys.append(key)
        return dict.pop(self, key, *default)

    def __delitem__(self, key: Hashable) -> None:
        self._stretch.keys.append(key)
        dict.__delitem__(self, key)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Write several cells."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def named(self, identity: Hashable) -> dict[str, Any]:
        """Return the attributes (or names) stored under an identity."""
        known = self._names.get(identity, ())
        return {str(key[1]): self[key] for key in known if key in self}

    def written_apart(self, other: Cells) -> dict[Hashable, None] | None:
        """Return the keys written since the two were one; None where a walk over all is cheaper."""
        keys: dict[Hashable, None] = {}
        mine, theirs = self._stretch, other._stretch
        steps = len(self) // 4
        while mine is not theirs:
            if mine.depth >= theirs.depth:
                late, mine = mine, mine.parent or mine
            else:
                late, theirs = theirs, theirs.parent or theirs
            steps -= 1 + len(late.keys)
            if steps < 0 or late.parent is None:
                return None
            keys.update(dict.fromkeys(late.keys))
        return keys

    def _note(self, key: Hashable) -> None:
        self._stretch.keys.append(key)
        if isinstance(key, tuple) and isinstance(key[1], str):
            names = self._names.get(key[0])
            if names is None:
                self._names[key[0]] = {key: None}
            else:
                names[key] = None
