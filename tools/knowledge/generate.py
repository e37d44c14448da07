"""Measure callables in worker processes and gather what they say."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras

from tools.knowledge import ladder, recipes, recorder, workers
from tools.knowledge.explore import explore
from tools.knowledge.observe import Binding, Subject
from tools.knowledge.recorder import Recorder
from tools.knowledge.signatures import parameters
from tools.knowledge.verdict import Entry, OutputEntry, Undecided, judge
from tools.knowledge.walk import Symbol

SECONDS = 25.0


def measure(
    symbol: Symbol,
    *,
    gently: bool = False,
    known: Recorder | None = None,
    keep: Recorder | None = None,
) -> Entry:
    """Measure one callable in this process; raises `Undecided` where it cannot be settled.

    `known` are calls of raw ops to measure them on, `keep` takes those that are made here.
    """
    try:
        found = parameters(symbol)
    except (ValueError, TypeError) as error:
        raise Undecided("no signature") from error
    # Once per callable: the same table from every run, whatever was measured before.
    keras.utils.set_random_seed(7)
    subject = Subject(symbol, found)
    return judge(explore(subject, _samples(subject, known), gently=gently, recorder=keep))


def _samples(subject: Subject, known: Recorder | None) -> Iterable[Binding]:
    name = subject.symbol.name
    if subject.symbol.is_raw and known is not None:
        recorded = recorder.bindings(known, name, subject.parameters)
        if len(recorded) > 1:
            return recorded
        return itertools.chain(recorded, ladder.search(subject))
    recipe = recipes.bindings(name)
    return ladder.search(subject) if recipe is None else recipe


def measure_all(symbols: list[Symbol], processes: int) -> Iterator[tuple[Symbol, Entry | str]]:
    """Yield each callable with its entry, or with the reason there is none.

    Raw ops come last, on what the others gave to them. A callable that brings its process down is
    measured again, gently, when the rest is done.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        public = [symbol for symbol in symbols if not symbol.is_raw]
        kept = Recorder()

        def measure_public(symbol: Symbol, gently: bool) -> Entry:
            entry = measure(symbol, gently=gently, keep=kept)
            kept.save(folder)
            return entry

        yield from _measure_each(public, measure_public, processes)
        known = recorder.load(folder)

        def measure_raw(symbol: Symbol, gently: bool) -> Entry:
            return measure(symbol, gently=gently, known=known)

        raw = [symbol for symbol in symbols if symbol.is_raw]
        yield from _measure_each(raw, measure_raw, processes)


def _measure_each(
    symbols: list[Symbol], measuring: Callable[[Symbol, bool], Entry], processes: int
) -> Iterator[tuple[Symbol, Entry | str]]:
    crashed = []
    for gently in (False, True):

        def work(
            index: int, gently: bool = gently, symbols: list[Symbol] = symbols
        ) -> dict[str, Any] | str:
            return _answer(symbols[index], measuring, gently)

        for index, answer in workers.run(len(symbols), work, workers=processes, seconds=SECONDS):
            match answer:
                case dict():
                    yield symbols[index], _entry(answer)
                case str():
                    yield symbols[index], answer
                case _ if gently:
                    yield symbols[index], "crashed or took too long"
                case _:
                    crashed.append(symbols[index])
        symbols = crashed


def _answer(
    symbol: Symbol, measuring: Callable[[Symbol, bool], Entry], gently: bool
) -> dict[str, Any] | str:
    try:
        return asdict(measuring(symbol, gently))
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
