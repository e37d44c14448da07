"""Tempts: the tape lives in self._tape, is entered in __enter__ and asked in __exit__ or a method; every step makes a new one."""
import contextlib

import numpy as np
import tensorflow as tf


class Recorder:
    """with Recorder(model, optimizer) as r: r.minimise(loss) - the update happens on leaving."""

    def __init__(self, variables, optimizer, max_norm=None):
        self.variables, self.optimizer, self.max_norm = variables, optimizer, max_norm
        self._tape, self._loss = None, None
        self.norms = []

    def __enter__(self):
        self._tape = tf.GradientTape()
        self._tape.__enter__()
        return self

    def minimise(self, loss):
        self._loss = loss if self._loss is None else self._loss + loss

    def __exit__(self, exc_type, exc, tb):
        self._tape.__exit__(exc_type, exc, tb)
        if exc_type is None:
            grads = self._tape.gradient(self._loss, self.variables)
            if self.max_norm:
                grads, norm = tf.clip_by_global_norm(grads, self.max_norm)
                self.norms.append(norm.numpy())
            self.optimizer.apply_gradients(zip(grads, self.variables))
        self._tape = self._loss = None
        return False


@contextlib.contextmanager
def recording(**kwargs):
    with tf.GradientTape(**kwargs) as tape:
        yield tape


class Trainer:
    def __init__(self):
        self.tape = None
        self.w = tf.Variable([0.3, -0.2])

    def forward(self, x):
        self.tape = tf.GradientTape()
        with self.tape:
            return tf.reduce_mean((tf.linalg.matvec(x, self.w) - 1.0) ** 2)

    def backward(self, loss, lr=0.1):
        (g,) = self.tape.gradient(loss, [self.w])
        self.w.assign_sub(lr * g)


tf.keras.utils.set_random_seed(0)
x = np.random.default_rng(0).normal(size=(12, 2)).astype(np.float32)
dense = tf.keras.layers.Dense(1)
dense.build((None, 2))
rec = Recorder(dense.trainable_variables, tf.keras.optimizers.SGD(0.1), max_norm=1.0)
trainer = Trainer()
for _ in range(3):
    with rec as r:
        r.minimise(tf.reduce_mean(dense(x) ** 2))
        r.minimise(0.1 * tf.reduce_sum(tf.abs(dense.kernel)) + 0.1 * tf.reduce_sum((dense.bias - 1.0) ** 2))
    loss = trainer.forward(x)
    trainer.backward(loss)
    with recording() as tape:
        y = tf.reduce_sum(trainer.w ** 4)
    print(float(loss), rec.norms[-1], tape.gradient(y, trainer.w).numpy())
