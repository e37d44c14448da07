"""Measure one callable: every argument and output, on several samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from tools.knowledge import hints, leaves
from tools.knowledge.observe import Binding, Seen, Subject, observe, watchable
from tools.knowledge.samples import tensor

_DTYPES = (tf.float64, tf.complex64, tf.int32, tf.int64)
_STATED = (tf.float64, tf.float16, tf.int32, tf.int64, tf.complex64)


@dataclass(slots=True)
class Evidence:
    """All that was seen of a callable."""

    subject: Subject
    samples: int = 0
    # Calls with a watched argument, by argument.
    watched: dict[str, list[Seen]] = field(default_factory=dict)
    # Calls of which only result and dtypes count.
    results: list[Seen] = field(default_factory=list)
    # Arguments that take tensors, but none that could carry a gradient.
    refused: set[str] = field(default_factory=set)
    optional: set[str] = field(default_factory=set)
    # Arguments that may change without the result changing.
    idle: dict[str, bool] = field(default_factory=dict)
    stated_by: str = ""


def explore(subject: Subject, bindings: Iterator[Binding]) -> Evidence:
    """Measure a callable on samples it is known to accept."""
    evidence = Evidence(subject)
    for binding in bindings:
        try:
            evidence.results.append(observe(subject, binding))
        except Exception:  # noqa: BLE001 -- a sample that is refused tells nothing
            continue
        evidence.samples += 1
        for argument in binding:
            _watch(evidence, binding, argument)
        _try_optional(evidence, binding)
        if evidence.samples <= 3:
            _vary_dtypes(evidence, binding)
            _state_dtype(evidence, binding)
    return evidence


def _attempt(evidence: Evidence, binding: Binding, argument: str = "") -> Seen | None:
    try:
        return observe(evidence.subject, binding, argument)
    except Exception:  # noqa: BLE001 -- refused
        return None


def _watch(evidence: Evidence, binding: Binding, argument: str) -> None:
    value = binding[argument]
    if watchable(value):
        _note(evidence, binding, argument)
        return
    floated = _as_floats(value)
    if floated is not None and watchable(floated):
        changed = {**binding, argument: floated}
        if _attempt(evidence, changed, argument) is not None:
            _note(evidence, changed, argument)
            return
    if leaves.tensors(value):
        evidence.refused.add(argument)
        _note_idle(evidence, binding, argument)
        return
    numbers = _as_tensor(value)
    if numbers is not None and _attempt(evidence, {**binding, argument: numbers}) is not None:
        evidence.refused.add(argument)
        _note_idle(evidence, {**binding, argument: numbers}, argument)


def _note(evidence: Evidence, binding: Binding, argument: str) -> None:
    seen = _attempt(evidence, binding, argument)
    if seen is None:
        return
    evidence.watched.setdefault(argument, []).append(seen)
    if all(output.effect != "flows" for output in seen.outputs):
        _note_idle(evidence, binding, argument)


def _try_optional(evidence: Evidence, binding: Binding) -> None:
    shapes = {tuple(leaf.shape) for value in binding.values() for leaf in leaves.tensors(value)}
    for parameter in evidence.subject.parameters:
        name = parameter.name
        if name in binding or not parameter.may_be_tensor or name in hints.OPTIONS:
            continue
        for shape in [(), *sorted(shapes - {()}, key=len)[:2]]:
            value: Any = tensor(shape, salt=31)
            changed = {**binding, name: value}
            if _attempt(evidence, changed) is None:
                continue
            evidence.optional.add(name)
            _note(evidence, changed, name)
            break


def _vary_dtypes(evidence: Evidence, binding: Binding) -> None:
    holding = [name for name, value in binding.items() if leaves.tensors(value)]
    groups = [holding] + ([[name] for name in holding] if len(holding) > 1 else [])
    for group in groups:
        for dtype in _DTYPES:
            changed = dict(binding)
            for name in group:
                changed[name] = leaves.replace(binding[name], leaves.cast(dtype))
            seen = _attempt(evidence, changed)
            if seen is not None:
                evidence.results.append(seen)


def _state_dtype(evidence: Evidence, binding: Binding) -> None:
    base = evidence.results[-1] if not evidence.results else observe(evidence.subject, binding)
    for parameter in evidence.subject.parameters:
        if parameter.name not in hints.DTYPE_WORDS or evidence.stated_by:
            continue
        for dtype in _STATED:
            seen = _attempt(evidence, {**binding, parameter.name: dtype})
            if (
                seen is not None
                and seen.outputs
                and any(
                    now.dtype == dtype.name != before.dtype
                    for now, before in zip(seen.outputs, base.outputs, strict=False)
                )
            ):
                evidence.stated_by = parameter.name
                break


def _as_floats(value: Any) -> Any:
    if leaves.tensors(value):
        return leaves.replace(value, leaves.cast(tf.float32))
    numbers = _numbers(value)
    return None if numbers is None else tf.convert_to_tensor(numbers, tf.float32)


def _as_tensor(value: Any) -> Any:
    numbers = _numbers(value)
    return None if numbers is None else tf.convert_to_tensor(numbers)


def _numbers(value: Any) -> Any:
    if isinstance(value, bool | str | bytes) or value is None:
        return None
    if not isinstance(value, int | float | list | tuple | np.ndarray):
        return None
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    if array.dtype.kind not in "iuf" or array.size == 0:
        return None
    return array.astype(np.int32) if array.dtype.kind in "iu" else array.astype(np.float32)


def _note_idle(evidence: Evidence, binding: Binding, argument: str) -> None:
    """Note whether other values of the argument give the same result."""
    if evidence.idle.get(argument) is False:
        return
    try:
        before = leaves.comparable(evidence.subject.call(binding))
    except Exception:  # noqa: BLE001
        return
    if before is None:
        evidence.idle[argument] = False
        return
    given = leaves.comparable(binding[argument])
    accepted = 0
    for change in _CHANGES:
        try:
            changed = {**binding, argument: leaves.replace(binding[argument], change)}
            other = leaves.comparable(changed[argument])
            if given is None or other is None or leaves.are_equal(given, other):
                continue
            after = leaves.comparable(evidence.subject.call(changed))
        except Exception:  # noqa: BLE001 -- not a value the function takes
            continue
        accepted += 1
        if after is None or not leaves.are_equal(before, after):
            evidence.idle[argument] = False
            return
    if accepted > 1:
        evidence.idle.setdefault(argument, True)


def _array_change(make: Callable[[np.ndarray[Any, Any]], Any]) -> leaves.Change:
    def change(value: tf.Tensor) -> tf.Tensor:
        if value.dtype == tf.string:
            return tf.strings.join([value, "7"])
        array = np.array(value)
        if value.dtype == tf.bool:
            return tf.convert_to_tensor(~array)
        return tf.cast(tf.convert_to_tensor(make(array.astype(np.float64))), value.dtype)

    return change


def _first(value: float) -> Callable[[np.ndarray[Any, Any]], Any]:
    def make(array: np.ndarray[Any, Any]) -> Any:
        flat = array.reshape(-1).copy()
        flat[:1] = value
        return flat.reshape(array.shape)

    return make


_CHANGES = tuple(
    _array_change(make)
    for make in (
        lambda array: -3.0 * array,
        lambda array: array * 0.0,
        lambda array: array * 0.0 + 1.0,
        lambda array: array + 1.0,
        lambda array: array * 40.0 - 7.3,
        lambda array: array[..., ::-1] if array.ndim else array,
        _first(np.nan),
        _first(np.inf),
        _first(5.0),
    )
)
