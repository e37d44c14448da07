"""Ask which pixels of an image a classifier looks at.

A tape watches trainable variables by itself, and nothing else: without `tape.watch(image)` the
gradient with respect to the image is None (TAP101).

    saliency None
"""

import tensorflow as tf

tf.keras.utils.set_random_seed(1)

classifier = tf.keras.Sequential(
    [
        tf.keras.Input((8, 8, 1)),
        tf.keras.layers.Conv2D(4, 3, activation="relu"),
        tf.keras.layers.GlobalAveragePooling2D(),
        tf.keras.layers.Dense(10),
    ]
)


def saliency_map(image, label):
    with tf.GradientTape() as tape:
        scores = classifier(image)
        score = scores[:, label]
    return tape.gradient(score, image)


image = tf.random.uniform((1, 8, 8, 1))
print("saliency", saliency_map(image, 3))
