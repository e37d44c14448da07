"""Tempts: the penalty's tape sits inside the critic's tape and watches a constant made of numpy noise; sqrt has its eps; two optimizers."""
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.random.set_seed(5)
LATENT, N_CRITIC, LAMBDA = 3, 2, 10.0

generator = tf.keras.Sequential([layers.Input((LATENT,)), layers.Dense(16), layers.LeakyReLU(), layers.Dense(2)])
critic = tf.keras.Sequential([layers.Input((2,)), layers.Dense(16), layers.LeakyReLU(), layers.Dense(1, use_bias=False)])
g_opt = tf.keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.9)
c_opt = tf.keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.9)


def gradient_penalty(real, fake):
    t = np.random.default_rng(0).random((len(real), 1)).astype("float32")
    mixed = t * real + (1.0 - t) * fake
    with tf.GradientTape() as gp_tape:
        gp_tape.watch(mixed)
        score = critic(mixed, training=True)
    slope = gp_tape.gradient(score, mixed)
    norm = tf.sqrt(tf.reduce_sum(slope * slope, axis=1) + 1e-12)
    return tf.reduce_mean((norm - 1.0) ** 2)


def critic_step(real):
    noise = tf.random.normal((real.shape[0], LATENT))
    with tf.GradientTape() as tape:
        fake = generator(noise, training=True)
        wasserstein = tf.reduce_mean(critic(fake)) - tf.reduce_mean(critic(real))
        loss = wasserstein + LAMBDA * gradient_penalty(real, fake)
    grads = tape.gradient(loss, critic.trainable_variables)
    c_opt.apply_gradients(zip(grads, critic.trainable_variables))
    return -wasserstein


def generator_step(n):
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(critic(generator(tf.random.normal((n, LATENT)))))
    g_opt.apply_gradients(zip(tape.gradient(loss, generator.trainable_variables), generator.trainable_variables))
    return loss


data = np.random.default_rng(1).normal([2.0, -1.0], 0.3, size=(24, 2)).astype(np.float32)
for epoch in range(2):
    distances = [critic_step(data[i::N_CRITIC]).numpy() for i in range(N_CRITIC)]
    g_loss = generator_step(12)
    print(epoch, np.mean(distances), float(g_loss))
