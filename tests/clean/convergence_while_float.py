"""Tempts: while loops end on float(loss), numpy norms and bool tests; counters, step halving and a Variable re-created each restart under the same name."""
import math

import numpy as np
import tensorflow as tf


def himmelblau(v):
    x, y = tf.unstack(v)
    return (x * x + y - 11.0) ** 2 + (x + y * y - 7.0) ** 2


def minimise(start, lr=0.01, tol=1e-3, max_iter=15):
    v = tf.Variable(start, dtype=tf.float32)
    velocity = tf.zeros_like(v)
    change, n, previous = math.inf, 0, math.inf
    while change > tol and n < max_iter:
        with tf.GradientTape() as tape:
            loss = himmelblau(v)
        g = tape.gradient(loss, v)
        if not np.all(np.isfinite(g)):
            raise ArithmeticError("diverged")
        velocity = 0.8 * velocity - lr * g
        v.assign_add(velocity)
        change = abs(previous - float(loss))
        if loss < previous:
            previous = float(loss)
        else:
            lr *= 0.7
        n += 1
    return v, float(loss), n


results = []
for start in ([1.0, 1.0], [-2.0, 2.0], [0.0, -3.0]):
    v, value, n = minimise(start)
    results.append((value, n, v.numpy().round(2).tolist()))
print(min(results))

# root finding by Newton steps, rebinding a float constant that is watched anew
x = tf.constant(2.0)
while True:
    with tf.GradientTape() as tape:
        tape.watch(x)
        f = x ** 3 - 2.0 * x - 5.0
    if abs(f.numpy()) < 1e-4:
        break
    x = x - f / tape.gradient(f, x)
print("root", float(x))

# walrus test and a re-created variable
w = tf.Variable(5.0)
count = 0
while (gap := abs(float(w) - 1.0)) > 1e-2 and count < 20:
    with tf.GradientTape() as tape:
        y = tf.square(w - 1.0) + 0.1 * tf.abs(w - 1.0)
    w = tf.Variable(w - 0.3 * tape.gradient(y, w))
    count += 1
print(count, gap, w.numpy())
