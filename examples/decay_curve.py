"""Fit `amplitude * exp(-rate * time)` to measurements that decay at a rate of 0.5.

The amplitude is learned, the rate stays where it began: `np.exp` takes the numbers out of
TensorFlow, and the optimizer passes over a gradient that is None (TAP201).

    rate: gradient None
    amplitude 3.62, rate 2.00
"""

import numpy as np
import tensorflow as tf

time = np.linspace(0.0, 4.0, 9, dtype=np.float32)
measured = 3.0 * np.exp(-0.5 * time)

amplitude = tf.Variable(1.0, name="amplitude")
rate = tf.Variable(2.0, name="rate")
optimizer = tf.keras.optimizers.SGD(learning_rate=0.1)

for step in range(200):
    with tf.GradientTape() as tape:
        decay = np.exp(-rate * time)
        predicted = amplitude * decay
        loss = tf.reduce_mean(tf.square(predicted - measured))
    gradients = tape.gradient(loss, [amplitude, rate])
    if step == 0:
        print("rate: gradient", gradients[1])
    optimizer.apply_gradients(zip(gradients, [amplitude, rate]))

print(f"amplitude {amplitude.numpy():.2f}, rate {rate.numpy():.2f}")
