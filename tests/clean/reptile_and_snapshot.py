"""Tempts: weights are copied, trained on and restored by assign around each tape; the meta step uses numpy differences, no gradient crosses it."""
import random
from typing import NamedTuple

import numpy as np
import tensorflow as tf


class Task(NamedTuple):
    amplitude: float
    phase: float

    @classmethod
    def sample(cls, rng):
        return cls(rng.uniform(0.5, 3.0), rng.uniform(0.0, 3.14))

    def data(self, n, rng):
        x = np.array([[rng.uniform(-3, 3)] for _ in range(n)], dtype=np.float32)
        return x, (self.amplitude * np.sin(x + self.phase)).astype(np.float32)


class Learner:
    def __init__(self, model, inner_lr=0.05):
        self.model, self.inner_lr = model, inner_lr

    def snapshot(self):
        return [v.numpy().copy() for v in self.model.trainable_variables]

    def restore(self, values):
        for v, value in zip(self.model.trainable_variables, values):
            v.assign(value)

    def adapt(self, x, y, steps):
        loss = None
        for _ in range(steps):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(self.model(x) - y))
            params = self.model.trainable_variables
            for p, g in zip(params, tape.gradient(loss, params)):
                p.assign_sub(self.inner_lr * g)
        return float(loss)


rng = random.Random(3)
tf.keras.utils.set_random_seed(3)
learner = Learner(tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(12, "tanh"), tf.keras.layers.Dense(1)]))
for it in range(3):
    before = learner.snapshot()
    task = Task.sample(rng)
    inner = learner.adapt(*task.data(8, rng), steps=3)
    after = learner.snapshot()
    meta_lr = 0.5 * (1 - it / 3)
    learner.restore([b + meta_lr * (a - b) for a, b in zip(after, before)])
    print(it, task, round(inner, 3))

# first-order MAML: gradient at the adapted point, applied to the restored one
meta_optimizer = tf.keras.optimizers.Adam(1e-3)
for it in range(2):
    saved = learner.snapshot()
    task = Task.sample(rng)
    learner.adapt(*task.data(6, rng), steps=2)
    xq, yq = task.data(6, rng)
    with tf.GradientTape() as tape:
        query_loss = tf.reduce_mean((learner.model(xq) - yq) ** 2)
    grads = tape.gradient(query_loss, learner.model.trainable_variables)
    learner.restore(saved)
    meta_optimizer.apply_gradients(zip(grads, learner.model.trainable_variables))
    print("fomaml", float(query_loss))
