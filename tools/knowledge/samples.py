"""Small tensors to call things with: a ladder of shapes, and values that few functions refuse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

Shape = tuple[int, ...]

# Tried from the top; a callable that takes one shape only is refused by the others.
SHAPES: tuple[Shape, ...] = (
    (3,),
    (2, 3),
    (3, 3),
    (2, 3, 3),
    (4, 4, 3),
    (1, 4, 4, 3),
    (2, 6, 6, 1),
    (),
    (1, 4, 4, 4, 3),
    (2, 8),
    (8,),
)
DTYPES = (tf.float32, tf.complex64, tf.int32, tf.bool, tf.string)


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder: what a tensor argument looks like by default."""

    shape: Shape
    dtype: tf.DType


def rungs() -> list[Rung]:
    """Return the ladder: every shape for floats, then a few for each other dtype."""
    ladder = [Rung(shape, tf.float32) for shape in SHAPES]
    for dtype in DTYPES[1:]:
        ladder += [Rung(shape, dtype) for shape in SHAPES[:6] + SHAPES[7:8]]
    return ladder


def tensor(shape: Shape, dtype: tf.DType = tf.float32, salt: int = 0) -> tf.Tensor:
    """Make a new tensor: fractions between 0.1 and 0.9, square matrices well conditioned."""
    generator = np.random.default_rng([salt, *shape])
    if dtype == tf.string:
        words = generator.choice(["a", "bc", "12", "3.5"], shape)
        return tf.convert_to_tensor(np.asarray(words, dtype=object), tf.string)
    if dtype == tf.bool:
        return tf.convert_to_tensor(np.arange(np.prod(shape, dtype=int)).reshape(shape) % 2 == 0)
    if dtype.is_integer:
        return tf.convert_to_tensor(
            np.asarray(np.arange(np.prod(shape, dtype=int)).reshape(shape) % 2), dtype
        )
    values = np.asarray(generator.uniform(0.1, 0.9, shape))
    if len(shape) > 1 and shape[-1] == shape[-2]:
        values = (values + np.swapaxes(values, -1, -2)) / 8 + np.eye(shape[-1]) * 0.7
    if dtype.is_complex:
        values = values + 0.2j * values
    return tf.convert_to_tensor(values, dtype)


def ints(shape: Shape, below: int = 2) -> tf.Tensor:
    """Make a new int tensor of small numbers that rise along the last axis."""
    count = int(np.prod(shape, dtype=int))
    return tf.convert_to_tensor(np.asarray(np.arange(count).reshape(shape) % below), tf.int32)


def rising(count: int, groups: int = 2) -> tf.Tensor:
    """Make a sorted int vector, as segment ids have to be."""
    return tf.convert_to_tensor(np.arange(count) * groups // max(count, 1), tf.int32)


def sparse(rows: int, columns: int = 3, dtype: tf.DType = tf.float32) -> tf.SparseTensor:
    """Make a sparse matrix with one value a row."""
    where = [[row, row % columns] for row in range(rows)]
    return tf.SparseTensor(where, tensor((rows,), dtype), [rows, columns])


def ragged(values: int) -> tf.RaggedTensor:
    """Make a ragged matrix of two rows, one value in the first."""
    return tf.RaggedTensor.from_row_splits(tensor((values,)), [0, 1, values])
