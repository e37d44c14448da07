"""Measure one callable: every argument and output, on several samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from tools.knowledge import hints, idle, leaves
from tools.knowledge.changes import DOMAIN
from tools.knowledge.observe import FLOWS, RAISES, Binding, Seen, Subject, observe, watchable
from tools.knowledge.recorder import Recorder
from tools.knowledge.samples import tensor

_DTYPES = (tf.float64, tf.complex64, tf.int32, tf.int64)
_STATED = (tf.float32, tf.float64, tf.int32, tf.complex64, tf.bool, tf.string)
# Samples on which more is tried than the gradient of each argument.
_THOROUGH = 3


@dataclass(slots=True)
class Evidence:
    """All that was seen of a callable."""

    subject: Subject
    samples: int = 0
    # Calls with a watched argument, by argument.
    watched: dict[str, list[Seen]] = field(default_factory=dict)
    # Calls of which only the result counts.
    results: list[Seen] = field(default_factory=list)
    # Arguments that take tensors, but none that could carry a gradient.
    refused: set[str] = field(default_factory=set)
    optional: set[str] = field(default_factory=set)
    # Whether the result stayed the same whatever the argument was; absent: not tried.
    idle: dict[str, bool] = field(default_factory=dict)
    stated_by: str = ""
    # Arguments whose gradient was lost as floats and there as complex numbers.
    flows_if_complex: set[str] = field(default_factory=set)
    is_gentle: bool = False


def explore(
    subject: Subject,
    bindings: Iterable[Binding],
    *,
    gently: bool = False,
    recorder: Recorder | None = None,
) -> Evidence:
    """Measure a callable on samples it is known to accept.

    Gently: on these alone, without other values and dtypes, on which TensorFlow may crash. A
    recorder is given the ops that run on them.
    """
    evidence = Evidence(subject, is_gentle=gently)
    for binding in bindings:
        settled = binding if gently else _settle(evidence, binding)
        seen = _attempt(evidence, settled)
        if seen is None:
            continue
        evidence.results.append(seen)
        evidence.samples += 1
        if recorder is not None and evidence.samples <= _THOROUGH:
            with recorder.recording():
                for argument in [name for name, value in settled.items() if watchable(value)] or [
                    ""
                ]:
                    _attempt(evidence, settled, argument)
        for argument, value in settled.items():
            if watchable(value):
                _note(evidence, settled, argument)
            elif leaves.tensors(value):
                evidence.refused.add(argument)
                _note_idle(evidence, settled, argument)
        if evidence.samples <= _THOROUGH and not gently:
            _try_optional(evidence, settled)
            _vary_dtypes(evidence, settled)
            # With floats everywhere a result is a float whatever is stated: the plain numbers too.
            for given in (settled, binding):
                _state_dtype(evidence, given)
    return evidence


def _attempt(evidence: Evidence, binding: Binding, argument: str = "") -> Seen | None:
    try:
        return observe(evidence.subject, binding, argument)
    except Exception:  # noqa: BLE001 -- refused
        return None


def _settle(evidence: Evidence, binding: Binding) -> Binding:
    """Put tensors in the place of numbers and ints where the callable takes them: floats first."""
    subject = evidence.subject
    settled = dict(binding)
    for name, value in binding.items():
        if watchable(value) or name in hints.SETTINGS or not subject.takes_tensors(name):
            continue
        for other in _as_tensors(value):
            changed = {**settled, name: other}
            if _attempt(evidence, changed, name) is not None:
                settled = changed
                break
    return settled


def _as_tensors(value: Any) -> list[Any]:
    if leaves.tensors(value):
        floated = leaves.replace(value, leaves.cast(tf.float32))
        return [floated] if watchable(floated) else []
    if isinstance(value, str | bytes):
        return [tf.convert_to_tensor(value)]
    numbers = _numbers(value)
    if numbers is None:
        return []
    return [tf.convert_to_tensor(numbers, tf.float32), tf.convert_to_tensor(numbers)]


def _numbers(value: Any) -> np.ndarray[Any, Any] | None:
    if isinstance(value, bool) or not isinstance(value, int | float | list | tuple):
        return None
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    if array.dtype.kind not in "iuf" or array.size == 0:
        return None
    return array.astype(np.float32 if array.dtype.kind == "f" else np.int32)


def _note(evidence: Evidence, binding: Binding, argument: str) -> None:
    seen = _attempt(evidence, binding, argument)
    if seen is None:
        return
    noted = evidence.watched.setdefault(argument, [])
    noted.append(seen)
    if _is_settled(seen) or evidence.is_gentle:
        return
    # Zeros or nothing may be the values' fault: a maximum takes no gradient from the smaller side.
    for changed in elsewhere(binding):
        again = _attempt(evidence, changed, argument)
        if again is None or again.has_nan:
            continue
        noted.append(again)
        if _is_settled(again):
            return
    # `tf.sign` and `tf.math.imag` of a complex number have a gradient.
    seen = _attempt(evidence, idle.as_complex(binding), argument)
    if seen is not None and [output.effect for output in seen.outputs] == [FLOWS]:
        evidence.flows_if_complex.add(argument)
    _note_idle(evidence, binding, argument)


def elsewhere(binding: Binding) -> Iterator[Binding]:
    """Yield a sample in other parts of the domain: all arguments alike, then each its own way."""
    for turn in range(2 * len(DOMAIN)):
        changed = {}
        for place, (name, value) in enumerate(binding.items()):
            step = turn if turn < len(DOMAIN) else turn + place
            change = DOMAIN[step % len(DOMAIN)]
            changed[name] = leaves.replace(value, change) if watchable(value) else value
        yield changed


def _is_settled(seen: Seen) -> bool:
    """Whether other values cannot tell more: every gradient was there, or raised."""
    return all(output.effect in (FLOWS, RAISES, "") for output in seen.outputs) and any(
        output.effect for output in seen.outputs
    )


def _note_idle(evidence: Evidence, binding: Binding, argument: str) -> None:
    if evidence.is_gentle or evidence.samples > _THOROUGH:
        return
    if evidence.idle.get(argument) is not False:
        found = idle.is_idle(evidence.subject, binding, argument)
        if found is not None:
            evidence.idle[argument] = found


def _try_optional(evidence: Evidence, binding: Binding) -> None:
    shapes = {tuple(leaf.shape) for value in binding.values() for leaf in leaves.tensors(value)}
    for parameter in evidence.subject.parameters:
        name = parameter.name
        if name in binding or not parameter.may_be_tensor or name in hints.OPTIONS:
            continue
        if not evidence.subject.takes_tensors(name):
            continue
        for shape in [(), *sorted(shapes - {()}, key=len)[:2]]:
            changed = {**binding, name: tensor(shape, salt=31)}
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
    base = _attempt(evidence, binding)
    if base is None or len(base.outputs) != 1:
        return
    for parameter in evidence.subject.parameters:
        if parameter.name not in hints.DTYPE_WORDS or evidence.stated_by:
            continue
        followed = {base.outputs[0].dtype}
        for dtype in _STATED:
            seen = _attempt(evidence, {**binding, parameter.name: dtype})
            if seen is not None and [output.dtype for output in seen.outputs] == [dtype.name]:
                followed.add(dtype.name)
        # A choice between kinds of whole numbers (`output_type` of an argmax) changes no gradient.
        if len(followed) > 1 and any(leaves.is_differentiable(tf.as_dtype(d)) for d in followed):
            evidence.stated_by = parameter.name
