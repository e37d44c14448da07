"""The tensors inside arguments and results: find them, and put others in their place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

Change = Callable[[tf.Tensor], tf.Tensor]


def tensors(value: Any) -> list[Any]:
    """Return the tensors and variables of a nest; of a composite tensor its values."""
    match value:
        case keras.Variable():
            return [value.value]
        case tf.Variable() | tf.Tensor():
            return [value]
        case tf.SparseTensor() | tf.IndexedSlices():
            return [value.values]
        case tf.RaggedTensor():
            return [value.flat_values]
        case list() | tuple():
            return [leaf for part in value for leaf in tensors(part)]
        case dict():
            return [leaf for part in value.values() for leaf in tensors(part)]
        case _:
            return []


def replace(value: Any, change: Change) -> Any:
    """Return a nest with every tensor of `tensors` changed."""
    match value:
        case keras.Variable():
            return keras.Variable(change(tf.convert_to_tensor(value.value)))
        case tf.Variable():
            return tf.Variable(change(tf.convert_to_tensor(value)))
        case tf.Tensor():
            return change(value)
        case tf.SparseTensor():
            return tf.SparseTensor(value.indices, change(value.values), value.dense_shape)
        case tf.IndexedSlices():
            return tf.IndexedSlices(change(value.values), value.indices, value.dense_shape)
        case tf.RaggedTensor():
            return value.with_flat_values(change(value.flat_values))
        case list():
            return [replace(part, change) for part in value]
        case tuple() if hasattr(value, "_fields"):
            return type(value)(*(replace(part, change) for part in value))
        case tuple():
            return tuple(replace(part, change) for part in value)
        case dict():
            return {key: replace(part, change) for key, part in value.items()}
        case _:
            return value


def is_differentiable(dtype: tf.DType) -> bool:
    """Whether a tensor of this dtype can carry a gradient."""
    return bool(dtype.is_floating or dtype.is_complex)


def cast(dtype: tf.DType) -> Change:
    """Return a change of dtype that leaves strings alone."""

    def change(tensor: tf.Tensor) -> tf.Tensor:
        return tensor if tensor.dtype == tf.string else tf.cast(tensor, dtype)

    return change


@dataclass(frozen=True, slots=True)
class Part:
    """One output of a call: what it is, and the tensors a gradient may be asked of."""

    name: str
    kind: str
    dtype: str
    targets: tuple[Any, ...]


def parts(result: Any) -> tuple[str, list[Part]]:
    """Take a result apart: its kind, and one part, or several where it is a structure."""
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return "structure", [
            _part(name, value) for name, value in zip(result._fields, result, strict=True)
        ]
    match result:
        case dict():
            return "structure", [_part(str(name), value) for name, value in result.items()]
        case tuple():
            return "structure", [_part("", value) for value in result]
        case list():
            return "list", [_part("", value) for value in result]
        case _:
            part = _part("", result)
            return part.kind, [part]


def _part(name: str, value: Any) -> Part:
    kind = _kind(value)
    targets = tuple(tensors(value))
    dtype = targets[0].dtype.name if targets else _plain_dtype(value)
    return Part(name, kind, dtype, targets)


def _kind(value: Any) -> str:
    match value:
        case tf.Variable() | keras.Variable():
            return "variable"
        case tf.Tensor():
            return "tensor"
        case tf.SparseTensor() | tf.RaggedTensor() | tf.IndexedSlices():
            return "composite"
        case np.ndarray():
            return "array"
        case str() | bytes():
            return "string"
        case bool() | int() | float() | complex() | np.generic():
            return "number"
        case None:
            return "nothing"
        case list() | tuple():
            return "list"
        case dict():
            return "structure"
        case _:
            return "object"


def _plain_dtype(value: Any) -> str:
    match value:
        case np.ndarray() | np.generic():
            return str(value.dtype)
        case bool():
            return "bool"
        case int():
            return "int64"
        case float():
            return "float32"
        case complex():
            return "complex64"
        case str() | bytes():
            return "string"
        case _:
            return ""


def is_empty(result: Any) -> bool:
    """Whether there are tensors in a result, and none has an element."""
    found = tensors(result)
    return bool(found) and all(leaf.shape.num_elements() == 0 for leaf in found)


def comparable(result: Any) -> list[Any] | None:
    """Return the values of a result for comparison, None where they cannot be told apart."""
    match result:
        case keras.Variable() | tf.Variable() | tf.Tensor():
            return [np.asarray(tf.convert_to_tensor(result))]
        case tf.SparseTensor():
            return [np.asarray(result.indices), np.asarray(result.values)]
        case tf.IndexedSlices():
            return [np.asarray(result.indices), np.asarray(result.values)]
        case tf.RaggedTensor():
            return [np.asarray(result.flat_values), repr(result.shape)]
        case list() | tuple():
            found = [comparable(part) for part in result]
        case dict():
            found = [comparable(part) for part in result.values()]
        case np.ndarray() | np.generic() | bool() | int() | float() | complex() | str() | bytes():
            return [np.asarray(result)]
        case None | tf.TensorShape() | tf.DType():
            return [repr(result)]
        case _:
            return None
    if any(part is None for part in found):
        return None
    return [value for part in found if part is not None for value in part]


def are_equal(first: list[Any], second: list[Any]) -> bool:
    """Compare two results of `comparable`; NaN equals NaN."""
    if len(first) != len(second):
        return False
    return all(_is_same(a, b) for a, b in zip(first, second, strict=True))


def _is_same(first: Any, second: Any) -> bool:
    if isinstance(first, str) or isinstance(second, str):
        return isinstance(first, str) and isinstance(second, str) and first == second
    if first.shape != second.shape or first.dtype != second.dtype:
        return False
    return first.tobytes() == second.tobytes() or bool(
        first.dtype.kind in "fc" and np.array_equal(first, second, equal_nan=True)
    )
