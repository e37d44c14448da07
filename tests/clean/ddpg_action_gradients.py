"""Tempts: the actor's loss runs through a critic whose weights are no sources; soft target updates; Ornstein-Uhlenbeck noise and clip in numpy for acting."""
import numpy as np
import tensorflow as tf
from tensorflow.keras.layers import Concatenate, Dense, Input

tf.keras.utils.set_random_seed(26)
S, A, GAMMA, TAU = 3, 1, 0.9, 0.01


def get_actor():
    inp = Input((S,))
    out = Dense(A, activation="tanh")(Dense(12, activation="relu")(inp))
    return tf.keras.Model(inp, out * 2.0)


def get_critic():
    s, a = Input((S,)), Input((A,))
    h = Dense(12, activation="relu")(Concatenate()([Dense(8, activation="relu")(s), a]))
    return tf.keras.Model([s, a], Dense(1)(h))


actor, critic, target_actor, target_critic = get_actor(), get_critic(), get_actor(), get_critic()
target_actor.set_weights(actor.get_weights())
target_critic.set_weights(critic.get_weights())
a_opt, c_opt = tf.keras.optimizers.Adam(1e-3), tf.keras.optimizers.Adam(2e-3)


class OUNoise:
    def __init__(self, theta=0.15, std=0.2, dt=1e-2, rng=np.random.default_rng(0)):
        self.theta, self.std, self.dt, self.rng, self.x = theta, std, dt, rng, 0.0

    def __call__(self):
        self.x += -self.theta * self.x * self.dt + self.std * np.sqrt(self.dt) * self.rng.normal()
        return self.x


def policy(state, noise):
    a = tf.squeeze(actor(tf.convert_to_tensor(state[None]))).numpy() + noise()
    return [np.squeeze(np.clip(a, -2.0, 2.0))]


@tf.function
def update(s, a, r, s2):
    with tf.GradientTape() as tape:
        y = r + GAMMA * target_critic([s2, target_actor(s2, training=True)], training=True)
        critic_loss = tf.math.reduce_mean(tf.math.square(y - critic([s, a], training=True)))
    critic_grad = tape.gradient(critic_loss, critic.trainable_variables)
    c_opt.apply_gradients(zip(critic_grad, critic.trainable_variables))

    with tf.GradientTape() as tape:
        actions = actor(s, training=True)
        actor_loss = -tf.math.reduce_mean(critic([s, actions], training=True))
    actor_grad = tape.gradient(actor_loss, actor.trainable_variables)
    a_opt.apply_gradients(zip(actor_grad, actor.trainable_variables))
    for t_net, net in ((target_actor, actor), (target_critic, critic)):
        for t, v in zip(t_net.variables, net.variables):
            t.assign(v * TAU + t * (1 - TAU))
    return critic_loss, actor_loss


noise, rng, buf = OUNoise(), np.random.default_rng(1), []
state = rng.normal(size=S).astype(np.float32)
for _ in range(24):
    action = policy(state, noise)
    nxt = np.float32(0.9 * state + 0.1 * np.array([action[0], -action[0], 0.0]) + 0.05 * rng.normal(size=S))
    buf.append((state, action, [-np.sum(nxt ** 2)], nxt))
    state = nxt
for k in range(3):
    batch = [buf[i] for i in rng.integers(0, len(buf), 8)]
    s, a, r, s2 = (tf.constant(np.array(col), dtype=tf.float32) for col in zip(*batch))
    print(k, *(float(v) for v in update(s, a, r, s2)))
