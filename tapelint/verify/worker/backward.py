"""Where the backward pass goes wrong: the step that turns a finite gradient into NaN, or into zero.

One backward pass of the shadow answers for all values between source and target at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tapelint.verify.worker.connection import Explainer
from tapelint.verify.worker.events import Event, Key
from tapelint.verify.worker.way import Break, as_break

MOST_VALUES = 2000


def culprits(
    explainer: Explainer, target: Any, source: Any, is_bad: Callable[[Any], bool]
) -> tuple[Break, ...]:
    """Return the steps whose backward pass makes a gradient bad that was not bad before.

    `is_bad` is `is_not_finite` or `is_zero`. Of a non-finite gradient, the step that first gave a
    non-finite value on the way forward is named too, and that which first gave NaN.
    """
    steps = explainer.search(target, source).on_way
    gradients = _gradients(explainer, target, steps)
    found = []
    for event in reversed(steps):
        came = [g for key in event.outputs if (g := gradients.get(key)) is not None]
        if not came or any(is_bad(g) for g in came):
            continue
        went = [g for key in event.inputs if (g := gradients.get(key)) is not None]
        start = explainer.recorder.key(source)
        if start in event.inputs and start not in gradients:
            went += _of(explainer, target, source)
        if any(is_bad(g) for g in went) and _is_to_blame(
            explainer, event, source, is_bad, gradients
        ):
            found.append(as_break(event))
    if is_bad is is_not_finite:
        # for: the softmax of a row that is -inf throughout, which is how masks are made
        found += map(as_break, _first_bad_values(explainer, steps))
    return tuple(found)


def _is_to_blame(
    explainer: Explainer,
    event: Event,
    source: Any,
    is_bad: Callable[[Any], bool],
    gradients: Mapping[Key, Any],
) -> bool:
    """Tell whether a step by itself turns the gradient bad.

    What goes back to a value is the sum over all that was made from it: another step may be to
    blame for the sum.
    """
    recorder = explainer.recorder
    start = recorder.key(source)
    given = [
        source if key == start else recorder.value(key)
        for key in event.inputs
        if key == start or key in gradients
    ]
    came = [key for key in event.outputs if key in gradients]
    with recorder.muted():
        try:
            found = recorder.raw_gradient(
                recorder.shadow,
                [recorder.value(key) for key in came],
                given,
                output_gradients=[gradients[key] for key in came],
            )
        except Exception:  # noqa: BLE001 - whatever a gradient function raises
            return False
        arrays = [explainer.array(g) for g in found if g is not None]
    return any(is_bad(array) for array in arrays if array is not None)


def is_not_finite(array: Any) -> bool:
    """Tell whether a NumPy array holds NaN or an infinity."""
    return array.dtype.kind in "fc" and not bool(_all_finite(array))


def _has_nan(array: Any) -> bool:
    return array.dtype.kind in "fc" and bool(sys.modules["numpy"].isnan(array).any())


def is_zero(array: Any) -> bool:
    """Tell whether a NumPy array is zero everywhere."""
    return not array.any()


def _all_finite(array: Any) -> bool:
    # TensorFlow has imported NumPy, which this module does not need otherwise.
    return bool(sys.modules["numpy"].isfinite(array).all())


def _gradients(explainer: Explainer, target: Any, steps: Sequence[Event]) -> Mapping[Key, Any]:
    runtime, recorder = explainer.runtime, explainer.recorder
    tensors: dict[Key, Any] = {}
    for event in steps:
        for key in (*event.inputs, *event.outputs):
            value = recorder.value(key)
            if runtime.is_eager(value) and runtime.is_differentiable(value):
                tensors[key] = value
    keys = list(tensors)[:MOST_VALUES]
    with recorder.muted():
        try:
            found = recorder.raw_gradient(recorder.shadow, target, [tensors[key] for key in keys])
        except Exception:  # noqa: BLE001 - without a backward pass there is nothing to compare
            return {}
        dense = ((key, explainer.array(g)) for key, g in zip(keys, found, strict=True))
        return {key: array for key, array in dense if array is not None}


def _of(explainer: Explainer, target: Any, source: Any) -> list[Any]:
    recorder = explainer.recorder
    with recorder.muted():
        try:
            found = recorder.raw_gradient(recorder.shadow, target, source)
        except Exception:  # noqa: BLE001
            return []
        array = explainer.array(found)
    return [] if array is None else [array]


def _first_bad_values(explainer: Explainer, steps: Sequence[Event]) -> list[Event]:
    """Return the steps that first gave a value that is not finite, and NaN."""
    recorder = explainer.recorder
    found: dict[int, Event] = {}
    with recorder.muted():
        for is_bad in (is_not_finite, _has_nan):
            for event in steps:
                made = (explainer.array(value) for value in event.values)
                used = (explainer.array(recorder.value(key)) for key in event.inputs)
                if any(is_bad(a) for a in made if a is not None) and not any(
                    is_bad(a) for a in used if a is not None
                ):
                    found[event.serial] = event
                    break
    return list(found.values())
