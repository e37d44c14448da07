"""Tempts: the sample x is rebound in place of itself and detached with stop_gradient, yet every turn opens a tape that watches the new x."""
import numpy as np
import tensorflow as tf

tf.random.set_seed(2)


class EnergyModel(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.net = tf.keras.Sequential([tf.keras.layers.Dense(16, activation="swish"), tf.keras.layers.Dense(1)])

    def call(self, x):
        return tf.squeeze(self.net(x), -1) + 0.5 * tf.reduce_sum(x * x, -1)


def sample_langevin(energy, x, steps, step_size, noise_scale, trace=None):
    for k in range(steps):
        with tf.GradientTape() as tape:
            tape.watch(x)
            e = tf.reduce_sum(energy(x))
        g = tape.gradient(e, x)
        g = tf.clip_by_value(g, -1.0, 1.0)
        x = x - step_size * g + noise_scale * tf.random.normal(x.shape)
        x = tf.stop_gradient(x)
        if trace is not None:
            trace.append(x.numpy().mean(axis=0))
    return x


class ReplayBuffer:
    def __init__(self, size, dim, rng):
        self.items, self.rng = rng.uniform(-1, 1, (size, dim)).astype(np.float32), rng

    def draw(self, n):
        self.last = self.rng.integers(0, len(self.items), n)
        return tf.constant(self.items[self.last])

    def push(self, x):
        self.items[self.last] = x.numpy()


rng = np.random.default_rng(2)
energy = EnergyModel()
energy(tf.zeros((1, 2)))
buffer = ReplayBuffer(64, 2, rng)
opt = tf.keras.optimizers.Adam(1e-3)
real = rng.normal([1.0, -1.0], 0.2, size=(16, 2)).astype(np.float32)

for it in range(3):
    trace = []
    negative = sample_langevin(energy, buffer.draw(16), steps=4, step_size=0.1, noise_scale=0.01, trace=trace)
    buffer.push(negative)
    with tf.GradientTape() as tape:
        e_pos, e_neg = energy(real), energy(negative)
        reg = 0.1 * tf.reduce_mean(e_pos ** 2 + e_neg ** 2)
        loss = tf.reduce_mean(e_pos) - tf.reduce_mean(e_neg)
        loss = loss + reg
    weights = energy.trainable_variables
    opt.apply_gradients(zip(tape.gradient(loss, weights), weights))
    print(it, float(loss), np.mean(trace, axis=0))
