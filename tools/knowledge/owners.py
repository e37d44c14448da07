"""The objects whose methods are measured."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tools.knowledge.samples import Rung, tensor


def instances(owner: str, rung: Rung) -> list[Any]:
    """Return what stands for `self`, one object or several shapes of it; raises if it cannot."""
    values = tensor(rung.shape, rung.dtype)
    match owner:
        case "tf.Tensor":
            return [values]
        case "tf.Variable":
            return [tf.Variable(values)]
        case "keras.Variable":
            return [keras.Variable(values)] if rung.dtype != tf.string else []
        case "tf.RaggedTensor":
            if not rung.shape:
                return []
            return [tf.RaggedTensor.from_row_splits(values, [0, 1, rung.shape[0]])]
        case "tf.SparseTensor":
            count = max(rung.shape[0] if rung.shape else 1, 1)
            where = [[place // 2, place % 2] for place in range(count)]
            flat = tensor((count,), rung.dtype)
            return [tf.SparseTensor(where, flat, [count, 2])]
        case "tf.random.Generator":
            return [tf.random.Generator.from_seed(5)]
        case _:
            raise ValueError(owner)
