"""Find arguments a callable accepts: by parameter name first, then by trying what is left."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from inspect import _ParameterKind as Kind
from typing import Any

import tensorflow as tf

from tools.knowledge import hints, owners
from tools.knowledge.observe import Binding, Subject
from tools.knowledge.samples import Rung, ints, rungs, tensor
from tools.knowledge.signatures import Parameter

TRIES = 60
ENOUGH = 5
SECONDS = 8.0


def search(subject: Subject) -> Iterator[Binding]:
    """Yield bindings of the required parameters that the callable accepted, of several shapes."""
    required = [p for p in subject.parameters if p.is_required or p.kind is Kind.VAR_POSITIONAL]
    deadline = time.monotonic() + SECONDS
    found = 0
    worked: tuple[int, ...] | None = None
    for rung in rungs():
        if rung.dtype != tf.float32 and found:
            return
        choices = [
            _choices(p, rung, place, subject.symbol.owner) for place, p in enumerate(required)
        ]
        for picks in _orders(choices, worked):
            if time.monotonic() > deadline:
                return
            # Made anew for every call: a function may keep or change what it is given.
            fresh = [
                _choices(p, rung, place, subject.symbol.owner) for place, p in enumerate(required)
            ]
            binding = {
                p.name: fresh[place][pick]
                for place, (p, pick) in enumerate(zip(required, picks, strict=True))
            }
            try:
                subject.call(binding)
            except Exception:  # noqa: BLE001 -- refused
                continue
            worked = picks
            found += 1
            yield binding
            break
        if found >= ENOUGH or not required:
            return


def _orders(choices: list[list[Any]], worked: tuple[int, ...] | None) -> Iterator[tuple[int, ...]]:
    combinations = sorted(
        itertools.islice(itertools.product(*(range(len(c)) for c in choices)), 5000), key=sum
    )
    if worked is not None and all(w < len(c) for w, c in zip(worked, choices, strict=True)):
        yield worked
    yield from combinations[:TRIES]


def _choices(parameter: Parameter, rung: Rung, place: int, owner: str) -> list[Any]:
    if parameter.name == "self" and owner:
        return owners.instances(owner, rung)
    value = tensor(rung.shape, rung.dtype, place)
    if parameter.kind is Kind.VAR_POSITIONAL:
        return [(value, tensor(rung.shape, rung.dtype, place + 9)), (), (value,), (2, 3)]
    plain = [
        value,
        [tensor(rung.shape, rung.dtype, place), tensor(rung.shape, rung.dtype, place + 9)],
        1,
        tensor((), rung.dtype, place),
        ints(rung.shape),
        tensor(rung.shape, tf.bool),
        "a",
        [1, 1],
        tensor(rung.shape[:-1], rung.dtype, place),
        tensor((3,), rung.dtype, place),
    ]
    return [*hints.candidates(parameter.name, rung), *plain]
