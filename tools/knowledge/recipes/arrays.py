"""Selecting, scattering, filling and arranging."""

from __future__ import annotations

import tensorflow as tf

from tools.knowledge.samples import ints, tensor

RECIPES = {
    "tf.where tf.experimental.numpy.where": [
        lambda n: {"condition": tensor((n,), tf.bool), "x": tensor((n,)), "y": tensor((n,), salt=1)}
    ],
    "keras.ops.where": [
        lambda n: {
            "condition": tensor((n,), tf.bool),
            "x1": tensor((n,)),
            "x2": tensor((n,), salt=1),
        }
    ],
    "keras.ops.select": [
        lambda n: {
            "condlist": [tensor((n,), tf.bool), ~tensor((n,), tf.bool)],
            "choicelist": [tensor((n,)), tensor((n,), salt=1)],
        }
    ],
    "tf.range": [
        lambda n: {"start": tensor(()), "limit": tensor(()) + float(n), "delta": tensor(()) + 0.2},
    ],
    "keras.ops.arange keras.backend.arange": [
        lambda n: {"start": tensor(()), "stop": tensor(()) + float(n), "step": tensor(()) + 0.2},
    ],
    "tf.tensor_scatter_nd_update": [
        lambda n: {"tensor": tensor((n, 2)), "indices": [[0]], "updates": tensor((1, 2), salt=1)}
    ],
    "keras.ops.scatter_update": [
        lambda n: {"inputs": tensor((n, 2)), "indices": [[0]], "updates": tensor((1, 2), salt=1)}
    ],
    "keras.ops.slice_update": [
        lambda n: {
            "inputs": tensor((n, 2)),
            "start_indices": [0, 0],
            "updates": tensor((1, 2), salt=1),
        }
    ],
    "tf.strided_slice": [
        lambda n: {"input_": tensor((n, 4)), "begin": [0, 1], "end": [2, 3], "strides": [1, 1]}
    ],
    "tf.batch_to_space": [
        lambda n: {"input": tensor((4, n, n, 1)), "block_shape": [2, 2], "crops": [[0, 0], [0, 0]]}
    ],
    "tf.space_to_batch tf.space_to_batch_nd": [
        lambda n: {
            "input": tensor((1, 2 * n, 2 * n, 1)),
            "block_shape": [2, 2],
            "paddings": [[0, 0], [0, 0]],
        }
    ],
    "tf.reverse_sequence": [
        lambda n: {"input": tensor((n, 4)), "seq_lengths": ints((n,)) + 1, "seq_axis": 1}
    ],
    "tf.broadcast_static_shape": [
        lambda n: {"shape_x": tf.TensorShape([1, n]), "shape_y": tf.TensorShape([n, 1])}
    ],
    "tf.make_ndarray": [
        lambda n: {"tensor": tf.make_tensor_proto(tensor((n,)).numpy())},
    ],
    "tf.random_index_shuffle": [
        lambda n: {"index": ints((n,)), "seed": ints((3,)), "max_index": 9, "rounds": 4}
    ],
    "tf.debugging.assert_negative": [lambda n: {"x": -tensor((n,))}],
    "tf.debugging.assert_near": [lambda n: {"x": tensor((n,)), "y": tensor((n,))}],
    "tf.debugging.assert_shapes": [lambda n: {"shapes": [(tensor((n, 2)), ("N", 2))]}],
}
