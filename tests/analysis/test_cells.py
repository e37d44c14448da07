"""Cells know what differs between two copies, and the names under an identity, without a walk."""

from __future__ import annotations

import random

from tapelint.analysis.cells import Cells
from tapelint.analysis.state import State, differing


def differing_by_a_walk(cells: Cells, others: Cells) -> set[object]:
    """Return what `differing` gives, the slow way."""
    return {key for key, value in cells.items() if others.get(key) is not value}


def test_a_copy_goes_its_own_way() -> None:
    state = State()
    state.cells[(1, "a")] = "old"
    copy = state.fork()
    copy.cells[(1, "a")] = "new"
    copy.cells[(1, "b")] = "new"
    assert state.cells == {(1, "a"): "old"}
    assert copy.cells == {(1, "a"): "new", (1, "b"): "new"}


def test_names_are_those_of_this_copy() -> None:
    state = State()
    state.cells[(1, "a")] = "first"
    state.cells[("box", 1)] = "contents"
    copy = state.fork()
    copy.cells[(1, "b")] = "second"
    copy.cells.pop((1, "a"))
    assert state.cells.named(1) == {"a": "first"}
    assert copy.cells.named(1) == {"b": "second"}
    assert copy.cells.named(2) == {}


def test_what_differs_is_what_a_walk_finds() -> None:
    chance = random.Random(1)
    states = [State()]
    for number in range(400):
        state = chance.choice(states)
        for _ in range(chance.randrange(4)):
            key = (chance.randrange(9), chance.choice("abc"))
            match chance.randrange(4):
                case 0:
                    state.cells.pop(key, None)
                case 1:
                    state.cells.setdefault(key, object())
                case 2:
                    state.cells.update({key: object()})
                case _:
                    state.cells[key] = object()
        if number % 3 == 0:
            states.append(state.fork())
        a, b = chance.choice(states), chance.choice(states)
        assert set(differing(a.cells, b.cells)) == differing_by_a_walk(a.cells, b.cells)


def test_few_writes_are_found_without_a_walk() -> None:
    state = State()
    for number in range(100):
        state.cells[(number, "name")] = number
    copy = state.fork()
    copy.cells[(3, "name")] = "written"
    assert list(copy.cells.written_apart(state.cells) or ()) == [(3, "name")]
    assert copy.cells.written_apart(State().cells) is None
