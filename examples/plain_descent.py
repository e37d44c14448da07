"""Minimise a loss by hand, without an optimizer.

`w = w - ...` makes `w` the name of a tensor that no tape watches. The first turn works; from the
second on the gradient is None (TAP104).

    turn 0: loss 4.00
    turn 1: loss 2.56
    TypeError: unsupported operand type(s) for *: 'float' and 'NoneType'
"""

import tensorflow as tf

w = tf.Variable(5.0)

for turn in range(10):
    with tf.GradientTape() as tape:
        loss = tf.square(w - 3.0)
    gradient = tape.gradient(loss, w)
    print(f"turn {turn}: loss {loss.numpy():.2f}")
    w = w - 0.1 * gradient
