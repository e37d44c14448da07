"""Cells behave as a dict that is copied at every fork, however often copies share what they hold."""

from __future__ import annotations

import random

from tapelint.analysis.cells import FEW, PART, Cells


def test_a_copy_goes_its_own_way() -> None:
    cells = Cells()
    cells[(1, "a")] = "old"
    copy = cells.fork()
    copy[(1, "a")] = "new"
    copy[(1, "b")] = "new"
    assert dict(cells.items()) == {(1, "a"): "old"}
    assert dict(copy.items()) == {(1, "a"): "new", (1, "b"): "new"}


def test_names_are_those_of_this_copy() -> None:
    cells = Cells()
    cells[(1, "a")] = "first"
    cells[("box", 1)] = "contents"
    copy = cells.fork()
    copy[(1, "b")] = "second"
    copy.pop((1, "a"))
    assert cells.named(1) == {"a": "first"}
    assert copy.named(1) == {"b": "second"}
    assert copy.named(2) == {}


def test_they_are_dicts_that_are_copied() -> None:
    chance = random.Random(1)
    pairs: list[tuple[Cells, dict[object, object]]] = [(Cells(), {})]
    for number in range(3000):
        cells, model = chance.choice(pairs)
        for _ in range(chance.randrange(8)):
            key = (chance.randrange(120), chance.choice("abc"))
            match chance.randrange(6):
                case 0:
                    assert cells.pop(key, None) is model.pop(key, None)
                case 1:
                    default = object()
                    assert cells.setdefault(key, default) is model.setdefault(key, default)
                case _:
                    cells[key] = model[key] = object()
        if number % 40 == 0:
            pairs.append((cells.fork(), model.copy()))
        assert dict(cells.items()) == model
        key = (chance.randrange(120), chance.choice("abc"))
        assert (key in cells) == (key in model)
        assert cells.get(key) is model.get(key)
        others, other_model = chance.choice(pairs)
        differing = {k for k, v in model.items() if other_model.get(k) is not v}
        assert set(cells.differing(others)) == differing


def test_a_copy_shares_all_but_what_was_written_late() -> None:
    cells = Cells()
    for number in range(FEW * PART * 4):
        cells[(number, "name")] = number
    copy = cells.fork()
    copy[(3, "name")] = "written"
    assert copy._shared is cells._shared
    assert len(copy._late) <= len(copy._shared) // PART
    assert copy.differing(cells) == [(3, "name")]
