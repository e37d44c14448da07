"""What Python holds for good: modules, classes and the registries in them, as they are now.

A trace that a witness leaves is nearly always here: an attribute that was replaced, a function
that was registered, a setting that is another one. Values are compared by identity: to look at
them runs none of their code.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

# How deep registries lie below what a module names: a list in a dict in an object.
LEVELS = 3
PLAIN = (int, float, complex, str, bytes, bool, type(None))
LEAVES = (*PLAIN, type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)
MISSING = object()
# Attributes that Python itself makes when something is first asked for.
UNSEEN = frozenset({"__annotations__", "__warningregistry__"})


class Heap:
    """Modules, classes and the containers in them, as they were when this was made.

    `ignored` are the dotted names of what is not looked at, nor into.
    """

    def __init__(self, ignored: frozenset[str]) -> None:
        self.ignored = ignored
        # A dotted name, what is called so, and a copy of what it held.
        self.kept: list[tuple[str, Any, Any]] = []
        seen: set[int] = set()
        for name, module in list(sys.modules.items()):
            # Anything may stand there in place of a module.
            names = _attributes(module)
            if names is not None:
                self._keep_names(name, names, seen)

    def changes(self) -> Iterator[str]:
        """Yield the dotted names of what is not as it was."""
        for path, live, kept in self.kept:
            match kept:
                case dict():
                    # What a cache gains would be computed again.
                    is_cache = "cache" in path.lower()
                    for name in _different(live, kept, may_grow=is_cache):
                        full = f"{path}.{name}"
                        if full not in self.ignored and name not in UNSEEN:
                            yield full
                case list():
                    if len(live) != len(kept) or not all(map(_is_same, live, kept)):
                        yield path
                case _:
                    if set(map(id, live)) != set(map(id, kept)):
                        yield path

    def put_back(self, names: frozenset[str]) -> None:
        """Let dicts hold what they held before."""
        for path, live, kept in self.kept:
            if path in names and list(_different(live, kept, may_grow=False)):
                live.clear()
                live.update(kept)

    def _keep_names(self, path: str, names: Mapping[str, Any], seen: set[int]) -> None:
        if id(names) in seen:
            return
        seen.add(id(names))
        self.kept.append((path, names, dict(names)))
        for name, value in list(names.items()):
            if isinstance(value, type):
                self._keep_class(value, seen)
            else:
                self._keep_value(f"{path}.{name}", value, LEVELS, seen)

    def _keep_class(self, owner: type, seen: set[int]) -> None:
        for one in owner.__mro__:
            # The classes of messages get their attributes when these are first asked for.
            if id(one) not in seen and not str(one.__module__).endswith("_pb2"):
                seen.add(id(one))
                # A view of what the class holds, which follows it.
                names = type.__dict__["__dict__"].__get__(one)
                self._keep_names(f"{one.__module__}.{one.__qualname__}", names, seen)

    def _keep_value(self, path: str, value: Any, levels: int, seen: set[int]) -> None:
        if not levels or isinstance(value, LEAVES) or id(value) in seen or path in self.ignored:
            return
        seen.add(id(value))
        if type(value) not in (dict, list, set):
            for name, part in _slots(value):
                self._keep_value(f"{path}.{name}", part, levels - 1, seen)
            value = _attributes(value)
            if value is None or id(value) in seen:
                return
            seen.add(id(value))
        kept = type(value)(value)
        self.kept.append((path, value, kept))
        parts = kept.items() if isinstance(kept, dict) else ((None, part) for part in kept)
        for key, part in parts:
            inner = f"{path}.{key}" if isinstance(key, str) else path
            if isinstance(part, type):
                self._keep_class(part, seen)
            else:
                self._keep_value(inner, part, levels - 1, seen)


def _different(live: Mapping[Any, Any], kept: Mapping[Any, Any], *, may_grow: bool) -> list[Any]:
    found = []
    for name, value in list(live.items()):
        before = kept.get(name, MISSING)
        if not (_is_same(value, before) or (may_grow and before is MISSING)):
            found.append(name)
    return found + [name for name in kept if name not in live]


def _is_same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    if kind in (dict, list, set):
        return not one and not other
    return kind in PLAIN and bool(one == other)


def _attributes(value: Any) -> dict[str, Any] | None:
    """Return the dict of an object's attributes, without asking the object."""
    owner = threading.local if isinstance(value, threading.local) else object
    try:
        found = owner.__getattribute__(value, "__dict__")
    except (AttributeError, TypeError):
        return None
    return found if type(found) is dict else None


def _slots(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what lies in the slots of an object, without asking the object."""
    for owner in type(value).__mro__:
        if "__slots__" in owner.__dict__:
            for name, member in list(owner.__dict__.items()):
                if type(member) is MemberDescriptorType:
                    with contextlib.suppress(AttributeError):
                        yield name, member.__get__(value)
