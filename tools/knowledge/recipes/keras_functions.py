"""Functions of Keras with their own ways: the old backend, losses and metrics over classes."""

from __future__ import annotations

import tensorflow as tf

from tools.knowledge.samples import ints, tensor


def _image(n: int, channels: int = 2) -> tf.Tensor:
    return tensor((1, n, n, channels))


def _one_hot(n: int, classes: int) -> tf.Tensor:
    return tf.one_hot(ints((n,), classes), classes)


RECIPES = {
    "keras.backend.conv2d": [lambda n: {"x": _image(n), "kernel": tensor((2, 2, 2, 3))}],
    "keras.backend.conv2d_transpose": [
        lambda n: {
            "x": _image(n),
            "kernel": tensor((2, 2, 3, 2)),
            "output_shape": (1, n, n, 3),
            "padding": "same",
        }
    ],
    "keras.backend.conv3d": [
        lambda n: {"x": tensor((1, n, n, n, 2)), "kernel": tensor((2, 2, 2, 2, 3))}
    ],
    "keras.backend.depthwise_conv2d": [
        lambda n: {"x": _image(n), "depthwise_kernel": tensor((2, 2, 2, 1))}
    ],
    "keras.backend.separable_conv2d": [
        lambda n: {
            "x": _image(n),
            "depthwise_kernel": tensor((2, 2, 2, 1)),
            "pointwise_kernel": tensor((1, 1, 2, 3)),
        }
    ],
    "keras.ops.separable_conv": [
        lambda n: {
            "inputs": _image(n),
            "depthwise_kernel": tensor((2, 2, 2, 1)),
            "pointwise_kernel": tensor((1, 1, 2, 3)),
        }
    ],
    "keras.backend.pool2d": [lambda n: {"x": _image(n), "pool_size": (2, 2)}],
    "keras.backend.pool3d": [
        lambda n: {"x": tensor((1, n, n, n, 2)), "pool_size": (2, 2, 2)},
    ],
    "keras.backend.resize_images": [
        lambda n: {
            "x": _image(n),
            "height_factor": 2,
            "width_factor": 2,
            "data_format": "channels_last",
        }
    ],
    "keras.backend.resize_volumes": [
        lambda n: {
            "x": tensor((1, n, n, n, 2)),
            "depth_factor": 2,
            "height_factor": 2,
            "width_factor": 2,
            "data_format": "channels_last",
        }
    ],
    "keras.backend.ctc_batch_cost": [
        lambda n: {
            "y_true": ints((2, 2), 2),
            "y_pred": tf.nn.softmax(tensor((2, n + 3, 4))),
            "input_length": tf.fill([2, 1], n + 3),
            "label_length": tf.fill([2, 1], 2),
        }
    ],
    "keras.backend.ctc_decode": [
        lambda n: {
            "y_pred": tf.nn.softmax(tensor((2, n + 3, 4))),
            "input_length": tf.fill([2], n + 3),
        }
    ],
    "keras.ops.ctc_loss": [
        lambda n: {
            "target": ints((2, 2), 2) + 1,
            "output": tensor((2, n + 3, 4)),
            "target_length": ints((2,)) + 1,
            "output_length": ints((2,)) + n + 1,
        }
    ],
    "keras.backend.in_top_k": [
        lambda n: {"predictions": tensor((n, 4)), "targets": ints((n,)), "k": 2}
    ],
    "keras.losses.circle": [
        lambda n: {"y_true": ints((2 * n,)), "y_pred": tensor((2 * n, 4)) - 0.5}
    ],
    "keras.metrics.top_k_categorical_accuracy": [
        lambda n: {"y_true": _one_hot(n, 4), "y_pred": tensor((n, 4)), "k": 2}
    ],
    "keras.metrics.sparse_top_k_categorical_accuracy": [
        lambda n: {"y_true": ints((n,), 4), "y_pred": tensor((n, 4)), "k": 2}
    ],
    "keras.ops.corrcoef": [lambda n: {"x": tensor((n, 5))}],
    "keras.ops.depth_to_space": [lambda n: {"x": _image(n, 4), "block_size": 2}],
    "keras.ops.fold": [
        lambda n: {"x": tensor((1, 4 * n, 4)), "output_size": (3, 3), "kernel_size": (2, 2)}
    ],
    "keras.ops.istft": [
        lambda n: {
            "x": (tensor((n, 5, 9)), tensor((n, 5, 9), salt=1)),
            "sequence_length": 16,
            "sequence_stride": 8,
            "fft_length": 16,
        }
    ],
    "keras.ops.multi_hot": [lambda n: {"inputs": ints((n, 2)), "num_classes": 3}],
    "keras.ops.kaiser": [lambda n: {"x": n, "beta": tensor(()) + n}],
    "keras.utils.to_categorical": [
        lambda n: {"x": tensor((n,), tf.int32).numpy(), "num_classes": 3},
        lambda n: {"x": ints((n,)), "num_classes": 3},
        lambda n: {"x": [0, 1] * n, "num_classes": 3},
    ],
}
