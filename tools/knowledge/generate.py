"""Measure callables in worker processes and gather what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import keras

from tools.knowledge import ladder, workers
from tools.knowledge.explore import explore
from tools.knowledge.observe import Subject
from tools.knowledge.signatures import parameters
from tools.knowledge.verdict import Entry, OutputEntry, Undecided, judge
from tools.knowledge.walk import Symbol

SECONDS = 40.0


def measure(symbol: Symbol) -> Entry:
    """Measure one callable in this process; raises `Undecided` where it cannot be settled."""
    try:
        found = parameters(symbol)
    except (ValueError, TypeError) as error:
        raise Undecided("no signature") from error
    # Once per callable: the same table from every run, whatever was measured before.
    keras.utils.set_random_seed(7)
    subject = Subject(symbol, found)
    return judge(explore(subject, ladder.search(subject)))


def measure_all(symbols: list[Symbol], processes: int) -> Iterator[tuple[Symbol, Entry | str]]:
    """Yield each callable with its entry, or with the reason there is none."""

    def work(index: int) -> Any:
        try:
            return asdict(measure(symbols[index]))
        except Undecided as reason:
            return str(reason)
        except Exception as error:  # noqa: BLE001 -- a defect of ours must not end the run
            return f"{type(error).__name__}: {error}"[:200]

    for index, answer in workers.run(len(symbols), work, workers=processes, seconds=SECONDS):
        match answer:
            case dict():
                yield symbols[index], _entry(answer)
            case str():
                yield symbols[index], answer
            case _:
                yield symbols[index], "crashed or took too long"


def _entry(held: dict[str, Any]) -> Entry:
    outputs = tuple(OutputEntry(**output) for output in held.pop("outputs"))
    return Entry(
        outputs=outputs,
        parameters=tuple(held.pop("parameters")),
        value_free=tuple(held.pop("value_free")),
        **held,
    )
