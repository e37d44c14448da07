"""Tempts: get_weights, np.mean over clients and set_weights move the parameters between rounds; every client's own tape sees only its batches."""
import copy
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(58)


def make_model():
    return tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(6, "tanh"), tf.keras.layers.Dense(1)])


class Client:
    registry = {}

    def __init__(self, cid, x, y):
        self.cid, self.x, self.y = cid, x, y
        self.model = make_model()
        self.drift = None
        Client.registry[cid] = self

    def fit(self, weights, epochs, prox=0.01, lr=0.05):
        self.model.set_weights(weights)
        anchor = [tf.constant(w) for w in copy.deepcopy(weights)]
        optimizer = tf.keras.optimizers.SGD(lr)
        losses = []
        for _ in range(epochs):
            with tf.GradientTape() as tape:
                fit = tf.reduce_mean((self.model(self.x) - self.y) ** 2)
                proximal = tf.add_n([tf.reduce_sum((v - a) ** 2) for v, a in zip(self.model.trainable_variables, anchor)])
                loss = fit + 0.5 * prox * proximal
            optimizer.apply_gradients(zip(tape.gradient(loss, self.model.trainable_variables), self.model.trainable_variables))
            losses.append(loss.numpy().item())
        new = self.model.get_weights()
        self.drift = float(np.sqrt(sum(((n - w) ** 2).sum() for n, w in zip(new, weights))))
        return new, len(self.x), losses


def average(results):
    total = sum(n for _, n, _ in results)
    return [np.sum([w[i] * (n / total) for w, n, _ in results], axis=0) for i in range(len(results[0][0]))]


def per_example_clipped(model, x, y, clip=1.0, noise=0.1):
    """DP-SGD: one tape per example, clipped and summed."""
    total = [tf.zeros_like(v) for v in model.trainable_variables]
    for xi, yi in zip(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((model(xi[None]) - yi) ** 2)
        g, _ = tf.clip_by_global_norm(tape.gradient(loss, model.trainable_variables), clip)
        total = [t + gi for t, gi in zip(total, g)]
    return [(t + noise * clip * tf.random.normal(t.shape)) / len(x) for t in total]


rng = np.random.default_rng(0)
for cid in range(3):
    x = rng.normal(loc=0.3 * cid, size=(8 + 2 * cid, 4)).astype("float32")
    Client(cid, x, np.sin(x.sum(axis=1, keepdims=True)))
server = make_model()
for rnd in range(2):
    results = [c.fit(server.get_weights(), epochs=2) for c in Client.registry.values()]
    server.set_weights(average(results))
    print(rnd, np.mean([r[2][-1] for r in results]), [round(c.drift, 3) for c in Client.registry.values()])
c = Client.registry[0]
private = per_example_clipped(server, c.x[:4], c.y[:4])
tf.keras.optimizers.SGD(0.1).apply_gradients(zip(private, server.trainable_variables))
