"""Matrices, transforms, quantisation and random numbers."""

from __future__ import annotations

import tensorflow as tf

from tools.knowledge.samples import ints, tensor


def _factors(n: int) -> dict[str, tf.Tensor]:
    lower_upper, perm = tf.linalg.lu(tensor((n, n)))
    return {"lower_upper": lower_upper, "perm": perm}


_RANGE = {"min": -0.5, "max": 2.5}


def _wide(n: int) -> tf.Tensor:
    return tensor((n, 2)) * 4 - 1.5


RECIPES = {
    "tf.linalg.lu_reconstruct tf.linalg.lu_matrix_inverse": [lambda n: _factors(n)],
    "tf.linalg.lu_solve": [lambda n: {**_factors(n), "rhs": tensor((n, 2))}],
    "tf.linalg.tensor_diag_part": [lambda n: {"input": tensor((n, n))}],
    "tf.edit_distance": [
        lambda n: {
            "hypothesis": tf.sparse.from_dense(ints((n, 3)) + 1),
            "truth": tf.sparse.from_dense(ints((n, 3)) + 2),
        }
    ],
    "tf.quantization.fake_quant_with_min_max_args": [lambda n: {"inputs": _wide(n), **_RANGE}],
    "tf.quantization.fake_quant_with_min_max_vars": [
        lambda n: {"inputs": _wide(n), "min": tf.constant(-0.5), "max": tf.constant(1.0)}
    ],
    "tf.quantization.fake_quant_with_min_max_vars_per_channel": [
        lambda n: {
            "inputs": _wide(n),
            "min": tf.constant([-0.5, -0.4]),
            "max": tf.constant([1.0, 0.9]),
        }
    ],
    "tf.quantization.fake_quant_with_min_max_vars_gradient": [
        lambda n: {
            "gradients": tensor((n, 2)),
            "inputs": _wide(n),
            "min": tf.constant(-0.5),
            "max": tf.constant(1.0),
        }
    ],
    "tf.quantization.fake_quant_with_min_max_vars_per_channel_gradient": [
        lambda n: {
            "gradients": tensor((n, 2)),
            "inputs": _wide(n),
            "min": tf.constant([-0.5, -0.4]),
            "max": tf.constant([1.0, 0.9]),
        }
    ],
    "keras.quantizers.fake_quant_with_min_max_vars": [
        lambda n: {
            "inputs": _wide(n),
            "min_vals": tf.constant(-0.5),
            "max_vals": tf.constant(1.0),
        }
    ],
    "tf.quantization.quantize_and_dequantize tf.quantization.quantize_and_dequantize_v2": [
        lambda n: {
            "input": _wide(n),
            "input_min": tf.constant(-0.5),
            "input_max": tf.constant(1.0),
            "range_given": True,
        }
    ],
    "tf.quantization.quantize": [
        lambda n: {"input": _wide(n), "min_range": -0.5, "max_range": 1.0, "T": tf.qint8}
    ],
    "tf.quantization.dequantize": [
        lambda n: {
            "input": tf.quantization.quantize(_wide(n), -0.5, 1.0, tf.qint8)[0],
            "min_range": -0.5,
            "max_range": 1.0,
        }
    ],
    "tf.quantization.quantized_concat": [
        lambda n: {
            "concat_dim": 0,
            "values": [tf.quantization.quantize(_wide(n), -0.5, 1.0, tf.quint8)[0]] * 2,
            "input_mins": [tf.constant(-0.5)] * 2,
            "input_maxes": [tf.constant(1.0)] * 2,
        }
    ],
    "keras.quantizers.quantize_and_dequantize": [
        lambda n: {
            "inputs": _wide(n),
            "scale": tensor(()) + 1,
            "quantized_dtype": "float8_e4m3fn",
            "compute_dtype": "float32",
        }
    ],
    "keras.quantizers.pack_int4": [
        lambda n: {"arr": tf.cast(ints((n, 2)), tf.int8)},
    ],
    "keras.quantizers.unpack_int4": [
        lambda n: {"packed": tf.cast(ints((n, 2)), tf.int8), "orig_len": 2 * n},
    ],
    "keras.random.randint": [lambda n: {"shape": (n, 2), "minval": 0, "maxval": 5}],
    "tf.random.Generator.binomial": [
        lambda n: {
            "self": tf.random.Generator.from_seed(5),
            "shape": [n],
            "counts": tensor((n,)) + 3,
            "probs": tensor((n,)),
        }
    ],
}
