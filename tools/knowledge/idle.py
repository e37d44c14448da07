"""Whether the value of an argument matters at all: `tf.shape` looks at none of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tools.knowledge import leaves
from tools.knowledge.changes import ANY, DOMAIN
from tools.knowledge.observe import Binding, Subject

_ENOUGH = 3


def is_idle(subject: Subject, binding: Binding, argument: str) -> bool | None:
    """Tell whether the result is the same for all values tried; None where too few were accepted.

    Tried are many values, next to many values of the other arguments: an `or` looks at no argument
    while the other one is true, an equality is false for all numbers but one.
    """
    tried = 0
    is_random = _is_random(subject, binding)
    for base in _bases(binding, argument):
        try:
            before = _result(subject, base, is_random)
        except Exception:  # noqa: BLE001 -- not values the function takes
            continue
        if before is None:
            return False
        for value in _values(base, argument):
            try:
                after = _result(subject, {**base, argument: value}, is_random)
            except Exception:  # noqa: BLE001 -- not a value the function takes
                continue
            tried += 1
            if after is None or not leaves.are_equal(before, after):
                return False
    return True if tried >= _ENOUGH else None


def _result(subject: Subject, binding: Binding, is_random: bool) -> list[Any] | None:
    # TensorFlow 2.21 forgets its compiled kernels with every new seed, so only where needed.
    if is_random:
        keras.utils.set_random_seed(7)
    return leaves.comparable(subject.call(binding))


def _is_random(subject: Subject, binding: Binding) -> bool:
    try:
        first, second = (_result(subject, binding, False) for _ in range(2))
    except Exception:  # noqa: BLE001 -- refused
        return False
    return first is not None and second is not None and not leaves.are_equal(first, second)


def _bases(binding: Binding, argument: str) -> Iterator[Binding]:
    yield binding
    for change in (*DOMAIN[:2], *ANY[len(DOMAIN) : len(DOMAIN) + 2]):
        changed = {
            name: value if name == argument else leaves.replace(value, change)
            for name, value in binding.items()
        }
        if any(leaves.tensors(value) for name, value in binding.items() if name != argument):
            yield changed
    # An imaginary part may be all that is looked at.
    if any(leaf.dtype.is_floating for leaf in leaves.tensors(binding[argument])):
        yield as_complex(binding)


def as_complex(binding: Binding) -> Binding:
    """Return a sample with an imaginary part given to every float."""
    return {
        name: leaves.replace(value, _to_complex) if leaves.tensors(value) else value
        for name, value in binding.items()
    }


def _to_complex(value: tf.Tensor) -> tf.Tensor:
    return tf.complex(value, 0.5 * value) if value.dtype == tf.float32 else value


def _values(base: Binding, argument: str) -> Iterator[Any]:
    given = base[argument]
    mine = leaves.tensors(given)
    for change in ANY:
        try:
            other = leaves.replace(given, change)
        except Exception:  # noqa: BLE001 -- a composite that checks its values
            continue
        if not _is_like(given, other):
            yield other
    for name, value in base.items():
        theirs = leaves.tensors(value)
        if name != argument and len(mine) == len(theirs) == 1:
            same = theirs[0].shape == mine[0].shape and theirs[0].dtype == mine[0].dtype
            if same and not _is_like(given, value):
                yield leaves.replace(given, lambda _, found=theirs[0]: tf.convert_to_tensor(found))


def _is_like(first: Any, second: Any) -> bool:
    one, other = leaves.comparable(first), leaves.comparable(second)
    return one is None or other is None or leaves.are_equal(one, other)
