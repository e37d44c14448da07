"""Measure callables in worker processes and gather what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

import keras

from tools.knowledge import ladder, recipes, workers
from tools.knowledge.explore import explore
from tools.knowledge.observe import Subject
from tools.knowledge.signatures import parameters
from tools.knowledge.verdict import Entry, OutputEntry, Undecided, judge
from tools.knowledge.walk import Symbol

SECONDS = 25.0


def measure(symbol: Symbol, *, gently: bool = False) -> Entry:
    """Measure one callable in this process; raises `Undecided` where it cannot be settled."""
    try:
        found = parameters(symbol)
    except (ValueError, TypeError) as error:
        raise Undecided("no signature") from error
    # Once per callable: the same table from every run, whatever was measured before.
    keras.utils.set_random_seed(7)
    subject = Subject(symbol, found)
    bindings = recipes.bindings(symbol.name)
    return judge(
        explore(subject, ladder.search(subject) if bindings is None else bindings, gently=gently)
    )


def measure_all(symbols: list[Symbol], processes: int) -> Iterator[tuple[Symbol, Entry | str]]:
    """Yield each callable with its entry, or with the reason there is none.

    One that brings its process down is measured again, gently, when the others are done.
    """
    fragile = []
    for index, answer in workers.run(
        len(symbols), partial(_answer, symbols, False), workers=processes, seconds=SECONDS
    ):
        if answer is None:
            fragile.append(symbols[index])
        else:
            yield symbols[index], answer if isinstance(answer, str) else _entry(answer)
    for index, answer in workers.run(
        len(fragile), partial(_answer, fragile, True), workers=processes, seconds=SECONDS
    ):
        match answer:
            case dict():
                yield fragile[index], _entry(answer)
            case str():
                yield fragile[index], answer
            case _:
                yield fragile[index], "crashed or took too long"


def _answer(symbols: list[Symbol], gently: bool, index: int) -> dict[str, Any] | str:
    try:
        return asdict(measure(symbols[index], gently=gently))
    except Undecided as reason:
        return str(reason)
    except Exception as error:  # noqa: BLE001 -- a defect of ours must not end the run
        return f"{type(error).__name__}: {error}"[:200]


def _entry(held: dict[str, Any]) -> Entry:
    outputs = tuple(OutputEntry(**output) for output in held.pop("outputs"))
    return Entry(
        outputs=outputs,
        parameters=tuple(held.pop("parameters")),
        value_free=tuple(held.pop("value_free")),
        **held,
    )
