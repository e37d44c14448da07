"""Tempts: tape.watch(x) comes after the forward pass, but x only ever entered ops together with a watched variable, so the record is complete."""
import tensorflow as tf
from tensorflow.keras.layers import Conv2D, Dense, Flatten, Input

tf.keras.utils.set_random_seed(3)
critic = tf.keras.Sequential([Input((6, 6, 1)), Conv2D(3, 3, activation="softplus"), Flatten(), Dense(1)])
real = tf.random.normal((4, 6, 6, 1))
fake = tf.random.uniform((4, 6, 6, 1))


def penalty(real, fake):
    alpha = tf.random.uniform((real.shape[0], 1, 1, 1))
    mixed = real + alpha * (fake - real)
    with tf.GradientTape() as tape:
        score = critic(mixed)
        tape.watch(mixed)
    g = tape.gradient(score, mixed)
    norm = tf.sqrt(tf.reduce_sum(tf.square(g), axis=[1, 2, 3]) + 1e-10)
    return tf.reduce_mean(tf.square(norm - 1.0))


opt = tf.keras.optimizers.Adam(1e-3)
for _ in range(2):
    with tf.GradientTape() as tape:
        scores = tf.reduce_mean(tf.nn.softplus(critic(fake))) + tf.reduce_mean(tf.nn.softplus(-critic(real)))
        loss = scores + 10.0 * penalty(real, fake)
    variables = critic.trainable_variables
    opt.apply_gradients(zip(tape.gradient(loss, variables), variables))
    print(float(loss))

W = tf.Variable(tf.random.normal((3, 2)))
x = tf.random.normal((5, 3))
with tf.GradientTape() as tape:
    y = tf.matmul(x, W)
    tape.watch(x)
    loss = tf.reduce_sum(tf.tanh(y))
gx, gW = tape.gradient(loss, [x, W])
with tf.GradientTape() as tape:
    tape.watch(x)
    loss = tf.reduce_sum(tf.tanh(tf.matmul(x, W)))
tf.debugging.assert_near(gx, tape.gradient(loss, x))
print(gx.shape, gW.shape)
