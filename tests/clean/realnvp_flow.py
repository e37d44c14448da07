"""Tempts: numpy masks, a log-determinant collected in a Python list, permutations by gather with ints, an inverse pass used only for sampling."""
import numpy as np
import tensorflow as tf

tf.random.set_seed(40)


class Coupling(tf.keras.layers.Layer):
    def __init__(self, mask):
        super().__init__()
        self.mask = np.asarray(mask, dtype=np.float32)
        self.scale_net = tf.keras.Sequential([tf.keras.layers.Dense(12, "relu"), tf.keras.layers.Dense(len(mask), "tanh")])
        self.shift_net = tf.keras.Sequential([tf.keras.layers.Dense(12, "relu"), tf.keras.layers.Dense(len(mask))])

    def call(self, x):
        kept = x * self.mask
        s = self.scale_net(kept) * (1 - self.mask)
        t = self.shift_net(kept) * (1 - self.mask)
        return kept + (1 - self.mask) * (x * tf.exp(s) + t), tf.reduce_sum(s, axis=1)

    def inverse(self, y):
        kept = y * self.mask
        s, t = self.scale_net(kept), self.shift_net(kept)
        return kept + (1 - self.mask) * ((y - t) * tf.exp(-s))


class Permute:
    def __init__(self, order):
        self.order = list(order)
        self.back = np.argsort(order).tolist()

    def __call__(self, x):
        return tf.gather(x, self.order, axis=1), 0.0

    def inverse(self, y):
        return tf.gather(y, self.back, axis=1)


class Flow(tf.keras.Model):
    def __init__(self, dim, depth):
        super().__init__()
        order = np.random.default_rng(0).permutation(dim)
        self.couplings = [Coupling([(i + k) % 2 for i in range(dim)]) for k in range(depth)]
        self.chain = [b for c in self.couplings for b in (c, Permute(order))]

    def log_prob(self, x):
        dets = []
        for block in self.chain:
            x, det = block(x)
            dets.append(det)
        base = -0.5 * tf.reduce_sum(x ** 2 + np.log(2 * np.pi), axis=1)
        return base + sum(dets)

    def sample(self, n, dim):
        z = tf.random.normal((n, dim))
        for block in reversed(self.chain):
            z = block.inverse(z)
        return z.numpy()


flow = Flow(4, depth=2)
opt = tf.keras.optimizers.Adam(5e-3)
x = np.random.default_rng(1).normal(size=(64, 4)).astype("float32") @ np.triu(np.ones((4, 4), "float32"))
for it in range(4):
    with tf.GradientTape() as tape:
        nll = -tf.reduce_mean(flow.log_prob(x))
    ws = flow.trainable_variables
    opt.apply_gradients(zip(tape.gradient(nll, ws), ws))
    print(it, float(nll), np.cov(flow.sample(50, 4).T).diagonal().round(2))
