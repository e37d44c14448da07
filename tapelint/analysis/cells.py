"""The cells of a state: a mapping that is copied cheaply and knows the names under an identity.

States are copied at every branch and have ten thousands of cells, of which a branch writes a few:
copies share one dict that nobody changes, and each has what was written since in a small one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import compress
from operator import is_not
from typing import Any

MISSING, REMOVED = object(), object()
# How many cells a copy writes before it takes a dict of its own, and which part of all that is.
FEW, PART = 64, 16


class Cells:
    """What a state holds, by key: `(identity, name)` for an attribute or a name."""

    __slots__ = ("_late", "_names", "_shared")

    def __init__(self) -> None:
        self._shared: dict[Hashable, Any] = {}
        self._late: dict[Hashable, Any] = {}
        # Of every fork: a name that only another path wrote is looked up here in vain.
        self._names: dict[Hashable, dict[tuple[Hashable, ...], None]] = {}

    def fork(self) -> Cells:
        """Return a copy that may go its own way."""
        copy = Cells()
        copy._shared = self._shared
        copy._late = self._late.copy()
        copy._names = self._names
        return copy

    def __contains__(self, key: Hashable) -> bool:
        found = self._late.get(key, MISSING)
        return key in self._shared if found is MISSING else found is not REMOVED

    def get(self, key: Hashable, default: Any = None) -> Any:
        """Return what the key holds, `default` if it holds nothing."""
        found = self._late.get(key, MISSING)
        if found is MISSING:
            return self._shared.get(key, default)
        return default if found is REMOVED else found

    def __getitem__(self, key: Hashable) -> Any:
        found = self.get(key, MISSING)
        if found is MISSING:
            raise KeyError(key)
        return found

    def items(self) -> Iterator[tuple[Hashable, Any]]:
        """Yield all keys with what they hold."""
        return iter(self._all().items())

    def __setitem__(self, key: Hashable, value: Any) -> None:
        self._write(key, value)
        if isinstance(key, tuple) and isinstance(key[1], str):
            names = self._names.get(key[0])
            if names is None:
                self._names[key[0]] = {key: None}
            else:
                names[key] = None

    def setdefault(self, key: Hashable, default: Any) -> Any:
        """Return what the key holds, which is the default if there was nothing."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: Hashable, default: Any = None) -> Any:
        """Remove a key and return what it held."""
        found = self.get(key, MISSING)
        if found is MISSING:
            return default
        self._write(key, REMOVED)
        return found

    def named(self, identity: Hashable) -> dict[str, Any]:
        """Return the attributes (or names) stored under an identity."""
        known = [(key, self.get(key, MISSING)) for key in self._names.get(identity, ())]
        return {str(key[1]): value for key, value in known if value is not MISSING}

    def differing(self, other: Cells) -> list[Hashable]:
        """Return the keys, of those that hold something here, which in `other` hold another object."""
        if self._shared is not other._shared:
            # Without a loop in Python: states have ten thousands of cells.
            mine, theirs = self._all(), other._all()
            return list(compress(mine, map(is_not, map(theirs.get, mine), mine.values())))
        written = {**self._late, **other._late}
        return [k for k in written if k in self and other.get(k) is not self.get(k)]

    def _write(self, key: Hashable, value: Any) -> None:
        late = self._late
        late[key] = value
        if len(late) > FEW and len(late) > len(self._shared) // PART:
            self._shared, self._late = self._all(), {}

    def _all(self) -> dict[Hashable, Any]:
        merged = {**self._shared, **self._late}
        for key in [key for key, value in self._late.items() if value is REMOVED]:
            del merged[key]
        return merged
