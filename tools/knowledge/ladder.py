"""Find arguments a callable accepts: by parameter name first, then by trying what is left."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from inspect import _ParameterKind as Kind
from typing import Any

import tensorflow as tf

from tools.knowledge import hints, leaves, owners, rawops
from tools.knowledge.observe import Binding, Subject
from tools.knowledge.samples import Rung, ints, rungs, tensor
from tools.knowledge.signatures import Parameter

TRIES = 60
# Once something was accepted, only what is like it is tried with other shapes.
FEW = 8
ENOUGH = 5
SECONDS = 10.0


def search(subject: Subject) -> Iterator[Binding]:
    """Yield bindings of the required parameters that the callable accepted, of several shapes."""
    required = [p for p in subject.parameters if p.is_required or p.kind is Kind.VAR_POSITIONAL]
    deadline = time.monotonic() + SECONDS
    found = 0
    worked: tuple[int, ...] | None = None
    for rung in rungs():
        if rung.dtype != tf.float32 and found:
            return
        choices = _all_choices(required, rung, subject)
        for picks in _orders(choices, worked):
            if time.monotonic() > deadline:
                return
            if not _accepts(subject, _bind(required, choices, picks)):
                continue
            worked = picks
            found += 1
            # Made anew: a function may keep or change what it is given.
            yield _bind(required, _all_choices(required, rung, subject), picks)
            break
        if found >= ENOUGH or not required:
            return


def _accepts(subject: Subject, binding: Binding) -> bool:
    try:
        return not leaves.is_empty(subject.call(binding))
    except Exception:  # noqa: BLE001 -- refused
        return False


def _bind(required: list[Parameter], choices: list[list[Any]], picks: tuple[int, ...]) -> Binding:
    return {
        parameter.name: options[pick]
        for parameter, options, pick in zip(required, choices, picks, strict=True)
    }


def _all_choices(required: list[Parameter], rung: Rung, subject: Subject) -> list[list[Any]]:
    owner = subject.symbol.owner
    if subject.symbol.is_raw:
        known = rawops.choices(subject.symbol.name, rung)
        return [known.get(parameter.name, [1]) for parameter in required]
    return [_choices(parameter, rung, place, owner) for place, parameter in enumerate(required)]


def _orders(choices: list[list[Any]], worked: tuple[int, ...] | None) -> Iterator[tuple[int, ...]]:
    combinations = sorted(
        itertools.islice(itertools.product(*(range(len(c)) for c in choices)), 5000), key=sum
    )
    if worked is None:
        yield from combinations[:TRIES]
        return
    if all(w < len(c) for w, c in zip(worked, choices, strict=True)):
        yield worked
    yield from combinations[:FEW]


def _choices(parameter: Parameter, rung: Rung, place: int, owner: str) -> list[Any]:
    if parameter.name == "self" and owner:
        return owners.instances(owner, rung)
    value = tensor(rung.shape, rung.dtype, place)
    if parameter.kind is Kind.VAR_POSITIONAL:
        return [(value, tensor(rung.shape, rung.dtype, place + 9)), (), (value,), (2, 3)]
    several = [tensor(rung.shape, rung.dtype, place), tensor(rung.shape, rung.dtype, place + 9)]
    if parameter.name in hints.LISTS:
        return [several, value, tuple(several), 1]
    plain = [
        value,
        1,
        tensor((), rung.dtype, place),
        ints(rung.shape),
        tensor(rung.shape, tf.bool),
        "a",
        [1, 1],
        tensor(rung.shape[:-1], rung.dtype, place),
        tensor((3,), rung.dtype, place),
        several,
    ]
    return [*hints.candidates(parameter.name, rung), *plain]
