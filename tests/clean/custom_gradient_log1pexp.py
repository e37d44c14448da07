"""Tempts: log(1 + exp(x)) at x = 100, but under a custom_gradient; another one uses a variable with variables=, a third casts to int to pick a branch."""
import tensorflow as tf


@tf.custom_gradient
def log1pexp(x):
    e = tf.exp(-tf.abs(x))

    def grad(upstream):
        return upstream * tf.sigmoid(x)
    return tf.maximum(x, 0.0) + tf.math.log1p(e), grad


scale = tf.Variable([1.5, 0.5], name="scale")


@tf.custom_gradient
def scaled_square(x):
    s = tf.convert_to_tensor(scale)

    def grad(upstream, variables=None):
        assert len(variables) == 1
        return upstream * 2.0 * s * x, [upstream * x * x]
    return s * x * x, grad


@tf.custom_gradient
def clip_backward(x, limit):
    def grad(dy):
        return tf.clip_by_norm(dy, limit), None
    return tf.identity(x), grad


def reversal(lam):
    @tf.custom_gradient
    def flip(x):
        return x, lambda dy: -lam * dy
    return flip


x = tf.constant([100.0, -3.0])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = log1pexp(x)
print("log1pexp", y.numpy(), tape.gradient(y, x).numpy())

with tf.GradientTape() as tape:
    tape.watch(x)
    out = tf.reduce_sum(scaled_square(x))
dx, ds = tape.gradient(out, [x, scale])
print("scaled square", dx.numpy(), ds.numpy())

v = tf.Variable([3.0, 4.0])
with tf.GradientTape() as tape:
    z = clip_backward(v, tf.constant(0.1))
    z = tf.reduce_sum(z ** 2)
print("clipped", tape.gradient(z, v).numpy())

grl = reversal(0.3)
with tf.GradientTape() as tape:
    domain = tf.reduce_sum(tf.tanh(grl(v * 0.1)))
print("reversed", tape.gradient(domain, v).numpy())
