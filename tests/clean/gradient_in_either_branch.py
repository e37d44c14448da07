"""Tempts: tape.gradient is written three times, but in exclusive branches (if/elif/else, match, early return), so the tape is asked once."""
import enum

import numpy as np
import tensorflow as tf


class Mode(enum.Enum):
    SGD = "sgd"
    SIGN = "sign"
    NATURAL = "natural"


class LogisticRegression:
    def __init__(self, dim, mode, lr=0.1):
        self.w, self.b = tf.Variable(tf.zeros((dim, 1))), tf.Variable(0.0)
        self.mode, self.lr = mode, lr

    def loss(self, x, y):
        logits = x @ self.w + self.b
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits))

    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = self.loss(x, y)
        if self.mode is Mode.SGD:
            gw, gb = tape.gradient(loss, (self.w, self.b))
        elif self.mode is Mode.SIGN:
            gw, gb = (tf.sign(g) for g in tape.gradient(loss, [self.w, self.b]))
        else:
            gw, gb = tape.gradient(loss, [self.w, self.b])
            fisher = tf.matmul(x, x, transpose_a=True) / len(x) + 0.1 * tf.eye(x.shape[1])
            gw = tf.linalg.solve(fisher, gw)
        self.w.assign_sub(self.lr * gw)
        self.b.assign_sub(self.lr * gb)
        return loss.numpy()


def lipschitz(fn, x, order=2):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = fn(x)
    if y.shape.rank == 0:
        return tf.norm(tape.gradient(y, x), ord=order)
    jac = tape.jacobian(y, x)
    return tf.norm(jac, ord=order)


def gradient_or_hessian(v, want):
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = tf.reduce_sum(tf.sin(v) * tf.exp(v))
        g = inner.gradient(y, v)
    match want:
        case "gradient":
            return g
        case "hessian":
            return outer.jacobian(g, v)
        case _:
            return outer.gradient(g, v)


rng = np.random.default_rng(2)
x = rng.normal(size=(30, 3)).astype("float32")
y = (x[:, :1] - x[:, 1:2] > 0.2).astype("float32")
for mode in Mode:
    clf = LogisticRegression(3, mode)
    print(mode.value, [round(float(clf.step(x, y)), 3) for _ in range(3)])
p = tf.constant([0.5, -0.4, 1.2])
print(float(lipschitz(lambda t: tf.reduce_sum(t ** 2), p)), float(lipschitz(tf.tanh, p)))
v = tf.Variable(p)
print([gradient_or_hessian(v, w).shape for w in ("gradient", "hessian", "diagonal")])
