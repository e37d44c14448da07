"""Tempts: argmax plus one_hot makes a hard sample in the forward pass, but the straight-through sum keeps the soft path; temperature anneals in Python."""
import math
import tensorflow as tf

tf.random.set_seed(19)


def sample_gumbel(shape, eps=1e-20):
    u = tf.random.uniform(shape, minval=1e-6, maxval=1.0 - 1e-6)
    return -tf.math.log(-tf.math.log(u + eps) + eps)


def gumbel_softmax(logits, temperature, hard=False):
    y = tf.nn.softmax((logits + sample_gumbel(tf.shape(logits))) / temperature)
    if hard:
        k = tf.shape(logits)[-1]
        y_hard = tf.cast(tf.one_hot(tf.argmax(y, axis=-1), k), y.dtype)
        y = tf.stop_gradient(y_hard - y) + y
    return y


class FeatureSelector(tf.keras.layers.Layer):
    def __init__(self, n_select):
        super().__init__()
        self.n_select = n_select
        self.temperature = 2.0

    def build(self, shape):
        self.logits = self.add_weight(shape=(self.n_select, shape[-1]), initializer="random_normal", trainable=True)

    def call(self, x, training=False):
        if training:
            mask = gumbel_softmax(self.logits.value, self.temperature, hard=True)
        else:
            mask = tf.one_hot(tf.argmax(self.logits.value, axis=-1), x.shape[-1])
        return tf.matmul(x, mask, transpose_b=True)


selector, head = FeatureSelector(2), tf.keras.layers.Dense(1)
x = tf.random.normal((40, 6))
y = 2.0 * x[:, 1:2] - x[:, 4:5]
opt = tf.optimizers.Adam(0.05)
for step in range(5):
    with tf.GradientTape() as tape:
        pred = head(selector(x, training=True))
        loss = tf.reduce_mean(tf.math.squared_difference(pred, y))
    vs = [*selector.trainable_weights, *head.trainable_weights]
    opt.apply_gradients(zip(tape.gradient(loss, vs), vs))
    selector.temperature = max(0.5, selector.temperature * math.exp(-0.1))
    chosen = tf.argmax(selector.logits.value, axis=-1).numpy().tolist()
    print(step, float(loss), "features", chosen, "T", round(selector.temperature, 2))
