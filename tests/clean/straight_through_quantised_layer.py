"""Tempts: tf.round and a comparison sit in the forward pass, but inside the straight-through form w + stop_gradient(q - w) and a custom gradient."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(16)


def quantise(w, bits=4):
    levels = 2.0 ** (bits - 1) - 1
    scale = tf.stop_gradient(tf.reduce_max(tf.abs(w)) + 1e-8)
    q = tf.round(w / scale * levels) / levels * scale
    return w + tf.stop_gradient(q - w)


@tf.custom_gradient
def binary_ste(x):
    """sign forward, clipped identity backward (BinaryConnect)."""
    def backward(upstream):
        return upstream * tf.cast(tf.abs(x) <= 1.0, upstream.dtype)
    return tf.where(x >= 0, tf.ones_like(x), -tf.ones_like(x)), backward


class QuantDense(keras.layers.Layer):
    def __init__(self, units, binarise=False, **kwargs):
        super().__init__(**kwargs)
        self.units, self.binarise = units, binarise

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), initializer="glorot_uniform", name="kernel")
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

    def call(self, x):
        w = tf.convert_to_tensor(self.kernel)
        w = binary_ste(w) if self.binarise else quantise(w)
        return tf.matmul(x, w) + self.bias


model = keras.Sequential([keras.Input((4,)), QuantDense(8), keras.layers.Activation("tanh"), QuantDense(1, binarise=True)])
x = tf.random.normal((32, 4))
y = tf.reduce_sum(x[:, :2], axis=1, keepdims=True) - x[:, 2:3] ** 2
sgd = keras.optimizers.SGD(0.05)
for step in range(3):
    with tf.GradientTape() as tape:
        mse = tf.reduce_mean((model(x) - y) ** 2)
    grads = tape.gradient(mse, model.trainable_variables)
    sgd.apply_gradients(zip(grads, model.trainable_variables))
    unique = len({round(float(v), 5) for v in quantise(tf.constant(model.layers[0].get_weights()[0])).numpy().ravel()})
    print(step, mse.numpy(), "levels in use", unique)
