"""Tempts: where around log, sqrt, 1/x and acos; norms, powers and softmax logs - each in the accepted safe idiom and at the bad input itself."""
import tensorflow as tf
import numpy as np

x = tf.Variable([0.0, -1.0, 0.5, 4.0], name="x")
TINY = np.finfo(np.float32).tiny


def where_log(v):
    safe = tf.where(v > 0, v, tf.ones_like(v))
    return tf.where(v > 0, tf.math.log(safe), tf.zeros_like(v))


def where_inverse(v):
    ok = tf.not_equal(v, 0.0)
    return tf.where(ok, 1.0 / tf.where(ok, v, 1.0), 0.0)


def safe_norm(v, eps=1e-12):
    return tf.sqrt(tf.reduce_sum(v * v) + eps)


def entropy(logits):
    logp = tf.nn.log_softmax(logits * 2.0)
    return -tf.reduce_sum(tf.exp(logp) * logp)


def angle(a, b):
    cos = tf.reduce_sum(tf.math.l2_normalize(a, epsilon=1e-6) * b)
    return tf.acos(tf.clip_by_value(cos, -1.0 + 1e-6, 1.0 - 1e-6))


def masked_mean(v):
    mask = tf.cast(v > 0.25, tf.float32)
    return tf.math.divide_no_nan(tf.reduce_sum(v * mask), tf.reduce_sum(mask))


def softplus_of_large(v):
    return tf.reduce_sum(tf.nn.softplus(100.0 * v)) / 100.0


CASES = {
    "where_log": where_log,
    "where_inverse": where_inverse,
    "sqrt_eps": lambda v: tf.sqrt(tf.nn.relu(v) + 1e-6),
    "log_clip": lambda v: tf.math.log(tf.clip_by_value(v, 1e-7, 10.0)),
    "log_max": lambda v: tf.math.log(tf.maximum(v, 1e-6)),
    "norm": safe_norm,
    "normalize": lambda v: tf.reduce_sum(tf.math.l2_normalize(v, epsilon=1e-6) * [1.0, 2.0, 3.0, 4.0]),
    "entropy": entropy,
    "angle": lambda v: angle(v, tf.constant([0.0, 0.0, 0.6, 0.8])),
    "masked_mean": masked_mean,
    "softplus": softplus_of_large,
    "logaddexp": lambda v: tf.reduce_sum(tf.reduce_logsumexp(tf.stack([100.0 * v, tf.zeros_like(v)]), axis=0)),
    "xlogy": lambda v: tf.math.xlogy(tf.nn.relu(v), tf.nn.relu(v) + 0.1),
    "power": lambda v: tf.pow(tf.abs(v) + 0.01, 0.3),
    "std": lambda v: tf.sqrt(tf.math.reduce_variance(v) + TINY),
    "bce": lambda v: tf.keras.losses.BinaryCrossentropy()(tf.constant([0.0, 1.0, 1.0, 0.0]), tf.clip_by_value(v, 0.01, 0.99)),
}
for name, fn in CASES.items():
    with tf.GradientTape() as tape:
        y = fn(x)
    g = tape.gradient(y, x)
    print(f"{name:14s}", np.array2string(g.numpy(), precision=3))
    assert np.isfinite(g).all(), name
