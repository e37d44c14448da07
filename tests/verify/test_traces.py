"""What a process shows of those that ran in it before: every kind of trace is seen, no other is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from tapelint.verify.worker.heap import Heap

LIBRARY = """
import threading

limit = 1
names = ["a"]
registry = {"a": {"b": [1]}}
seen_cache = {"a": 1}
nothing = []


class Slotted:
    __slots__ = ("inner",)

    def __init__(self):
        self.inner = {}


class Layer:
    default = 1
    known = []

    def call(self):
        pass


class Held:
    def __init__(self):
        self.value = 1
        self.listed = []

    def __eq__(self, other):
        raise AssertionError("looked at by its own code")


local = threading.local()
local.stack = []
slotted = Slotted()
held = Held()
"""


@pytest.fixture
def library() -> Iterator[ModuleType]:
    """A module that witnesses share."""
    module = ModuleType("shared_library")
    exec(LIBRARY, vars(module))
    sys.modules[module.__name__] = module
    yield module
    del sys.modules[module.__name__]


def changes(module: ModuleType, ignored: frozenset[str] = frozenset()) -> Callable[[], list[str]]:
    """Look at everything; return what tells what of a module has changed since."""
    heap = Heap(ignored)
    begin = f"{module.__name__}."
    return lambda: [name.removeprefix(begin) for name in heap.changes() if begin in name]


def rebound(library: ModuleType) -> None:
    library.nothing = []
    library.limit = int("1")


def asked(library: ModuleType) -> None:
    library.__dict__["__warningregistry__"] = {}
    assert library.Layer.__annotations__ == {}


HARMLESS: list[Callable[[ModuleType], object]] = [
    lambda library: None,
    rebound,
    asked,
    lambda library: library.seen_cache.update(b=2),
]


@pytest.mark.parametrize("act", HARMLESS)
def test_what_nobody_can_see_is_no_trace(
    library: ModuleType, act: Callable[[ModuleType], object]
) -> None:
    seen = changes(library)
    act(library)
    assert seen() == []


TRACES: dict[str, Callable[[ModuleType], object]] = {
    "limit": lambda library: setattr(library, "limit", 2),
    "made": lambda library: setattr(library, "made", 1),
    "names": lambda library: library.names.append("b"),
    "nothing": lambda library: library.nothing.append("b"),
    "registry.c": lambda library: library.registry.update(c=1),
    "registry.a.b": lambda library: library.registry["a"]["b"].append(2),
    "seen_cache.a": lambda library: library.seen_cache.update(a=2),
    "Layer": lambda library: setattr(library, "Layer", None),
    "Layer.default": lambda library: setattr(library.Layer, "default", True),
    "Layer.call": lambda library: setattr(library.Layer, "call", print),
    "Layer.known": lambda library: library.Layer.known.append(1),
    "slotted.inner.a": lambda library: library.slotted.inner.update(a=1),
    "held.value": lambda library: setattr(library.held, "value", 2),
    "held.listed": lambda library: library.held.listed.append(2),
    "local.stack": lambda library: library.local.stack.append(1),
}


@pytest.mark.parametrize("name", TRACES)
def test_what_is_changed_is_a_trace(library: ModuleType, name: str) -> None:
    library.Layer.__module__ = library.__name__
    seen = changes(library)
    TRACES[name](library)
    assert seen() == [name]


def test_a_registry_can_be_put_back(library: ModuleType) -> None:
    heap = Heap(frozenset())
    library.registry["c"] = library.registry.pop("a")
    heap.put_back(frozenset({"shared_library.registry"}))
    assert library.registry == {"a": {"b": [1]}}
    assert not [name for name in heap.changes() if name.startswith("shared_library")]


def test_what_is_removed_is_a_trace(library: ModuleType) -> None:
    seen = changes(library)
    del library.limit, library.registry["a"]
    assert sorted(seen()) == ["limit", "registry.a"]


def test_what_is_ignored_is_not_looked_into(library: ModuleType) -> None:
    seen = changes(library, frozenset({"shared_library.limit", "shared_library.registry"}))
    library.limit = 2
    library.registry["a"]["b"] = library.registry["c"] = 1
    assert seen() == []
