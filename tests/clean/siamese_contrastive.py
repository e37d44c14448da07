"""Tempts: boolean pair labels cast to float, sqrt of a squared distance (with epsilon inside), a shared encoder called twice, a threshold only for accuracy."""
import itertools

import numpy as np
import tensorflow as tf
from tensorflow.keras import Model, layers

tf.keras.utils.set_random_seed(77)
EPS = tf.keras.backend.epsilon()


def euclidean(a, b):
    return tf.sqrt(tf.maximum(tf.reduce_sum(tf.square(a - b), axis=1), EPS))


def contrastive_loss(same, distance, margin=1.0):
    same = tf.cast(same, distance.dtype)
    pull = same * tf.square(distance)
    push = (1.0 - same) * tf.square(tf.maximum(margin - distance, 0.0))
    return tf.reduce_mean(pull + push)


def make_pairs(x, labels):
    for i, j in itertools.combinations(range(len(x)), 2):
        yield x[i], x[j], labels[i] == labels[j]


inp = layers.Input((4,))
h = layers.Dense(12, activation="tanh")(inp)
encoder = Model(inp, layers.Dense(3, use_bias=False)(h))
left, right = layers.Input((4,)), layers.Input((4,))
siamese = Model([left, right], [encoder(left), encoder(right)])

rng = np.random.default_rng(1)
labels = np.repeat([0, 1, 2], 4)
points = (rng.normal(size=(3, 4))[labels] + 0.1 * rng.normal(size=(12, 4))).astype("float32")
ds = tf.data.Dataset.from_generator(
    lambda: make_pairs(points, labels),
    output_signature=(tf.TensorSpec((4,)), tf.TensorSpec((4,)), tf.TensorSpec((), tf.bool)))
ds = ds.shuffle(66, seed=0).batch(22)

opt = tf.keras.optimizers.Adam(5e-3)
for epoch in range(2):
    correct = total = 0
    for a, b, same in ds:
        with tf.GradientTape() as tape:
            ea, eb = siamese([a, b], training=True)
            d = euclidean(ea, eb)
            loss = contrastive_loss(same, d)
            decided = tf.cast(d < 0.5, tf.bool)
        grads = tape.gradient(loss, siamese.trainable_variables)
        opt.apply_gradients(zip(grads, siamese.trainable_variables))
        correct += int(tf.reduce_sum(tf.cast(decided == same, tf.int32)))
        total += len(d)
    print(f"epoch {epoch}: {loss:.4f}, pair accuracy {correct / total:.2f}")
