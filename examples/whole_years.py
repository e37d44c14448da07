"""Predict ages, and compare them in whole years.

A cast to an integer has no derivative, so nothing in front of it gets a gradient (TAP203).

    gradients [None, None]
    ValueError: No gradients provided for any variable.
"""

import tensorflow as tf

tf.keras.utils.set_random_seed(1)

features = tf.random.uniform((64, 3))
ages = tf.constant(20 + 10 * tf.range(64) // 16)

model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam()


def years_apart(ages, predicted):
    whole = tf.cast(predicted, tf.int32)
    return tf.reduce_mean(tf.cast(tf.abs(whole - ages[:, None]), tf.float32))


with tf.GradientTape() as tape:
    loss = years_apart(ages, model(features))
gradients = tape.gradient(loss, model.trainable_variables)
print("gradients", gradients)
optimizer.apply_gradients(zip(gradients, model.trainable_variables))
