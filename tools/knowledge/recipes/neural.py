"""Convolutions, pooling, losses over classes and embeddings."""

from __future__ import annotations

import tensorflow as tf

from tools.knowledge.samples import ints, sparse, tensor


def _image(n: int, channels: int = 2) -> tf.Tensor:
    return tensor((1, n, n, channels))


def _volume(n: int) -> tf.Tensor:
    return tensor((1, n, n, n, 2))


def _classes(n: int) -> tf.Tensor:
    return tf.cast(ints((n, 1), 3), tf.int64)


_SAMPLER = {"num_true": 1, "num_sampled": 3, "unique": True, "seed": 1}

RECIPES = {
    "tf.conv": [
        lambda n: {
            "input": _image(n),
            "filter": tensor((2, 2, 2, 3)),
            "strides": [1, 1, 1, 1],
            "padding": "SAME",
        }
    ],
    "tf.nn.conv2d_transpose": [
        lambda n: {
            "input": _image(n),
            "filters": tensor((2, 2, 3, 2)),
            "output_shape": [1, n, n, 3],
            "strides": 1,
        }
    ],
    "tf.nn.atrous_conv2d_transpose": [
        lambda n: {
            "value": _image(n),
            "filters": tensor((2, 2, 3, 2)),
            "output_shape": [1, n, n, 3],
            "rate": 1,
            "padding": "SAME",
        }
    ],
    "tf.nn.conv3d": [
        lambda n: {
            "input": _volume(n),
            "filters": tensor((2, 2, 2, 2, 3)),
            "strides": [1, 1, 1, 1, 1],
            "padding": "SAME",
        }
    ],
    "tf.nn.conv3d_transpose": [
        lambda n: {
            "input": _volume(n),
            "filters": tensor((2, 2, 2, 3, 2)),
            "output_shape": [1, n, n, n, 3],
            "strides": 1,
        }
    ],
    "tf.nn.depthwise_conv2d": [
        lambda n: {
            "input": _image(n),
            "filter": tensor((2, 2, 2, 1)),
            "strides": [1, 1, 1, 1],
            "padding": "SAME",
        }
    ],
    "tf.nn.depthwise_conv2d_backprop_filter": [
        lambda n: {
            "input": _image(n),
            "filter_sizes": [2, 2, 2, 1],
            "out_backprop": _image(n),
            "strides": [1, 1, 1, 1],
            "padding": "SAME",
        }
    ],
    "tf.nn.depthwise_conv2d_backprop_input": [
        lambda n: {
            "input_sizes": [1, n, n, 2],
            "filter": tensor((2, 2, 2, 1)),
            "out_backprop": _image(n),
            "strides": [1, 1, 1, 1],
            "padding": "SAME",
        }
    ],
    "tf.nn.separable_conv2d": [
        lambda n: {
            "input": _image(n),
            "depthwise_filter": tensor((2, 2, 2, 1)),
            "pointwise_filter": tensor((1, 1, 2, 3)),
            "strides": [1, 1, 1, 1],
            "padding": "SAME",
        }
    ],
    "tf.nn.dilation2d": [
        lambda n: {
            "input": _image(n),
            "filters": tensor((2, 2, 2)),
            "strides": [1, 1, 1, 1],
            "padding": "SAME",
            "data_format": "NHWC",
            "dilations": [1, 1, 1, 1],
        }
    ],
    "tf.nn.erosion2d": [
        lambda n: {
            "value": _image(n),
            "filters": tensor((2, 2, 2)),
            "strides": [1, 1, 1, 1],
            "padding": "SAME",
            "data_format": "NHWC",
            "dilations": [1, 1, 1, 1],
        }
    ],
    "tf.nn.fractional_avg_pool": [
        lambda n: {"value": _image(2 * n), "pooling_ratio": [1.0, 1.4, 1.4, 1.0], "seed": 1}
    ],
    "tf.nn.depth_to_space": [lambda n: {"input": _image(n, 4), "block_size": 2}],
    "tf.nn.ctc_loss": [
        lambda n: {
            "labels": ints((2, 2), 2) + 1,
            "logits": tensor((n + 3, 2, 4)),
            "label_length": ints((2,)) + 1,
            "logit_length": ints((2,)) + n + 1,
        }
    ],
    "tf.nn.embedding_lookup_sparse": [
        lambda n: {
            "params": tensor((n, 4)),
            "sp_ids": sparse(n, 3, tf.int64),
            "sp_weights": sparse(n, 3),
        }
    ],
    "tf.nn.safe_embedding_lookup_sparse": [
        lambda n: {
            "embedding_weights": tensor((n, 4)),
            "sparse_ids": sparse(n, 3, tf.int64),
            "sparse_weights": sparse(n, 3),
        }
    ],
    "tf.nn.experimental.general_dropout": [
        lambda n: {
            "x": tensor((n, 4)),
            "rate": 0.3,
            "uniform_sampler": lambda shape, dtype: tf.random.stateless_uniform(
                shape, seed=[1, 2], dtype=dtype
            ),
        }
    ],
    "tf.nn.in_top_k keras.ops.in_top_k": [
        lambda n: {"targets": ints((n,)), "predictions": tensor((n, 4)), "k": 2}
    ],
    "tf.nn.all_candidate_sampler": [
        lambda n: {
            "true_classes": _classes(n),
            "num_true": 1,
            "num_sampled": 3,
            "unique": True,
            "seed": 1,
        }
    ],
    "tf.nn.learned_unigram_candidate_sampler tf.random.uniform_candidate_sampler "
    "tf.random.log_uniform_candidate_sampler": [
        lambda n: {"true_classes": _classes(n), **_SAMPLER, "range_max": 9}
    ],
    "tf.nn.fixed_unigram_candidate_sampler": [
        lambda n: {
            "true_classes": _classes(n),
            **_SAMPLER,
            "range_max": 9,
            "unigrams": [1.0] * 9,
        }
    ],
    "tf.nn.compute_accidental_hits": [
        lambda n: {
            "true_classes": _classes(n),
            "sampled_candidates": tf.constant([0, 1, 2], tf.int64),
            "num_true": 1,
        }
    ],
    "tf.nn.nce_loss tf.nn.sampled_softmax_loss": [
        lambda n: {
            "weights": tensor((9, 4)),
            "biases": tensor((9,)),
            "labels": _classes(n),
            "inputs": tensor((n, 4)),
            "num_sampled": 3,
            "num_classes": 9,
        }
    ],
    "tf.nn.sigmoid_cross_entropy_with_logits": [
        lambda n: {"labels": tensor((n, 2)), "logits": tensor((n, 2), salt=1)}
    ],
}
