"""Other values for a tensor, of the same shape and dtype."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tools.knowledge.leaves import Change

_Array = np.ndarray[Any, Any]


def _change(make: Callable[[_Array], Any]) -> Change:
    def change(value: tf.Tensor) -> tf.Tensor:
        if value.dtype == tf.string:
            return tf.strings.join([value, "7"])
        array = np.array(value)
        if value.dtype == tf.bool:
            return tf.convert_to_tensor(np.asarray(make(array.astype(float)) > 0.5))
        if array.dtype.kind in "iu":
            # Small and not negative, as indices and sizes have to be.
            whole = np.nan_to_num(make(array.astype(float)), nan=0, posinf=3, neginf=0)
            return tf.cast(tf.convert_to_tensor(np.abs(whole) % 7 // 1), value.dtype)
        wide = array.astype(complex if value.dtype.is_complex else float)
        return tf.cast(tf.convert_to_tensor(make(wide)), value.dtype)

    return change


def _first(number: float) -> Callable[[_Array], _Array]:
    def make(array: _Array) -> _Array:
        flat = array.reshape(-1).copy()
        flat[:1] = number
        return flat.reshape(array.shape)

    return make


# Values in other parts of a function's domain, finite and well apart.
DOMAIN: tuple[Change, ...] = tuple(
    _change(make)
    for make in (
        lambda array: -3.0 * array,
        lambda array: array * 40.0 - 7.3,
        lambda array: array + 1.0,
        lambda array: array / 3.0 - 0.15,
    )
)
# Values that make a difference to whatever looks at values at all.
ANY: tuple[Change, ...] = DOMAIN + tuple(
    _change(make)
    for make in (
        lambda array: array * 0.0,
        lambda array: array * 0.0 + 1.0,
        lambda array: array[..., ::-1] if array.ndim else array,
        lambda array: 1.0 - array,
        lambda array: np.round(array * 5.0),
        _first(np.nan),
        _first(np.inf),
        _first(-np.inf),
        _first(5.0),
    )
)
