"""Tempts: helpers receive the tape, the loss and the variables as arguments or through **kwargs, and ask on the caller's behalf, once a tape."""
from typing import Callable, Iterable, Sequence

import numpy as np
import tensorflow as tf


def apply_step(tape: tf.GradientTape, loss: tf.Tensor, variables: Sequence[tf.Variable], optimizer, *, clip=None):
    grads_and_vars = [(g, v) for g, v in zip(tape.gradient(loss, variables), variables) if g is not None]
    if clip is not None:
        grads_and_vars = [(tf.clip_by_value(g, -clip, clip), v) for g, v in grads_and_vars]
    optimizer.apply_gradients(grads_and_vars)
    return len(grads_and_vars)


def watched(tape, *tensors):
    for t in tensors:
        tape.watch(t)
    return tensors if len(tensors) > 1 else tensors[0]


def sensitivity(fn: Callable, *args, reduce=tf.reduce_sum):
    tensors = [tf.convert_to_tensor(a, dtype=tf.float32) for a in args]
    with tf.GradientTape() as tape:
        watched(tape, *tensors)
        out = reduce(fn(*tensors))
    return dict(zip("abcdef", tape.gradient(out, tensors)))


def loop(step: Callable[[np.ndarray], tuple], batches: Iterable[np.ndarray], **options):
    report = []
    for batch in batches:
        tape, loss, variables = step(batch)
        n = apply_step(tape, loss, variables, **options)
        report.append((n, loss.numpy()))
    return report


W = tf.Variable(tf.random.stateless_normal((3, 3), seed=(1, 2)))
b = tf.Variable(tf.zeros(3))


def regress(batch):
    with tf.GradientTape() as tape:
        prediction = batch[:, :3] @ W + b
        loss = tf.losses.mse(batch[:, 3:], prediction)
        loss = tf.reduce_mean(loss)
    return tape, loss, [W, b]


data = np.random.default_rng(3).normal(size=(24, 6)).astype("float32")
options = {"optimizer": tf.keras.optimizers.SGD(0.1), "clip": 0.5}
for epoch in range(2):
    print(loop(regress, np.array_split(data, 3), **options))
print({k: v.numpy().round(3).tolist() for k, v in sensitivity(lambda a, b: a * tf.sin(b), 2, [0.5, 1.0]).items()})
print(sensitivity(lambda a: tf.exp(-a), np.arange(3), reduce=tf.reduce_mean)["a"].numpy())
