"""Tempts: sampled actions under the tape (but reparameterised), critic variables not updated in the actor's tape, alpha trained from a stopped log-prob."""
import math

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers, Sequential, Model

tf.random.set_seed(11)
OBS, ACT = 5, 2
LOG_2PI = math.log(2.0 * math.pi)


class SquashedGaussian(Model):
    def __init__(self):
        super().__init__()
        self.body = Sequential([layers.Dense(16, activation="relu"), layers.Dense(16, activation="relu")])
        self.mu, self.log_std = layers.Dense(ACT), layers.Dense(ACT)

    def call(self, obs):
        h = self.body(obs)
        mu, log_std = self.mu(h), tf.clip_by_value(self.log_std(h), -20.0, 2.0)
        std = tf.exp(log_std)
        eps = tf.random.normal(tf.shape(mu))
        u = mu + std * eps
        logp = tf.reduce_sum(-0.5 * (((u - mu) / std) ** 2 + 2 * log_std + LOG_2PI), axis=-1)
        # log(1 - tanh(u)^2), the stable way
        logp -= tf.reduce_sum(2.0 * (math.log(2.0) - u - tf.nn.softplus(-2.0 * u)), axis=-1)
        return tf.tanh(u), logp


def make_critic():
    return Sequential([layers.Input((OBS + ACT,)), layers.Dense(16, "relu"), layers.Dense(1)])


actor, q1, q2 = SquashedGaussian(), make_critic(), make_critic()
log_alpha = tf.Variable(math.log(0.2), dtype=tf.float32, name="log_alpha")
target_entropy = -float(ACT)
actor_opt, q_opt, alpha_opt = (tf.keras.optimizers.Adam(3e-4) for _ in range(3))
rng = np.random.default_rng(5)

for it in range(3):
    obs = rng.standard_normal((16, OBS)).astype(np.float32)
    old_act = rng.uniform(-1, 1, (16, ACT)).astype(np.float32)
    backup = np.tanh(obs.sum(axis=1)).astype(np.float32)

    q_vars = q1.trainable_variables + q2.trainable_variables
    with tf.GradientTape() as tape:
        sa = tf.concat([obs, old_act], axis=1)
        q_loss = sum(tf.reduce_mean((backup - q(sa)[:, 0]) ** 2) for q in (q1, q2))
    q_opt.apply_gradients(zip(tape.gradient(q_loss, q_vars), q_vars))

    with tf.GradientTape(watch_accessed_variables=True) as tape:
        act, logp = actor(obs)
        sa = tf.concat([obs, act], axis=1)
        q = tf.minimum(q1(sa), q2(sa))[:, 0]
        alpha = tf.stop_gradient(tf.exp(log_alpha))
        pi_loss = tf.reduce_mean(alpha * logp - q)
    grads = tape.gradient(pi_loss, actor.trainable_variables)
    actor_opt.apply_gradients(zip(grads, actor.trainable_variables))

    with tf.GradientTape() as tape:
        alpha_loss = -tf.reduce_mean(log_alpha * tf.stop_gradient(logp + target_entropy))
    alpha_opt.apply_gradients([(tape.gradient(alpha_loss, log_alpha), log_alpha)])
    print(it, q_loss.numpy(), pi_loss.numpy(), np.exp(log_alpha.numpy()))
