"""Train a classifier as it should be, with all that the other examples do wrong around the tape.

NumPy makes the data and writes the log, a cast counts the hits, a variable counts the steps, and a
name is bound again: none of it lies between the loss and the weights, and nothing is reported.

    step 0: loss 0.69, accuracy 0.57
    step 100: loss 0.17, accuracy 0.97
    step 200: loss 0.13, accuracy 0.98
"""

import numpy as np
import tensorflow as tf

rng = np.random.default_rng(1)
points = rng.normal(size=(200, 2)).astype(np.float32)
labels = (points.sum(axis=1) > 0).astype(np.float32)

weights = tf.Variable(tf.zeros((2, 1)))
bias = tf.Variable(0.0)
steps = tf.Variable(0, trainable=False)

while steps < 201:
    with tf.GradientTape() as tape:
        logits = tf.squeeze(points @ weights + bias, axis=1)
        loss = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
        loss = tf.reduce_mean(loss)
        hits = tf.cast(logits > 0.0, tf.float32) == labels
    weights_gradient, bias_gradient = tape.gradient(loss, [weights, bias])
    if steps % 100 == 0:
        print(f"step {int(steps)}: loss {np.mean(loss):.2f}, accuracy {np.mean(hits):.2f}")
    weights.assign_sub(0.5 * weights_gradient)
    bias.assign_sub(0.5 * bias_gradient)
    steps.assign_add(1)
