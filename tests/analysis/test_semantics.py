"""Programs on the abstract tape lose the gradients that their comments name, and no others.

The pages of `semantics/` and `keras/` hold them: under each heading first what loses nothing, then what does.
"""

from __future__ import annotations

from itertools import groupby

import pytest
from observed import Program, programs, seen

PROGRAMS = list(programs())


@pytest.mark.parametrize("program", [pytest.param(p, id=p.name) for p in PROGRAMS])
def test_exactly_the_named_gradients_are_lost(program: Program) -> None:
    assert sorted(seen(program.source)) == sorted(program.expected)


def test_every_heading_shows_first_what_loses_nothing_and_then_what_does() -> None:
    wrong = []
    for key, group in groupby(PROGRAMS, key=lambda p: (p.page, p.heading)):
        first, *others = list(group)
        if first.expected or not others or not all(p.expected for p in others):
            wrong.append(key)

    assert not wrong


def test_no_heading_stands_twice_on_a_page() -> None:
    names = [p.name for p in PROGRAMS]

    assert len(names) == len(set(names))
