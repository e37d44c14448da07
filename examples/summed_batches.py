"""Sum the loss of several batches in a variable, and train on the sum.

`assign_add` stores a number: what the variable is read for later does not know where the number
came from (TAP204).

    loss 15.00, gradient None
"""

import tensorflow as tf

batches = [([1.0, 2.0], [2.0, 4.0]), ([3.0, 4.0], [6.0, 8.0])]
slope = tf.Variable(1.0)
total = tf.Variable(0.0, trainable=False)


def add_loss(inputs, targets):
    error = slope * tf.constant(inputs) - tf.constant(targets)
    total.assign_add(tf.reduce_sum(tf.square(error)))


with tf.GradientTape() as tape:
    for inputs, targets in batches:
        add_loss(inputs, targets)
    loss = total / len(batches)
gradient = tape.gradient(loss, slope)
print(f"loss {loss.numpy():.2f}, gradient {gradient}")
