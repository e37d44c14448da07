"""Train two networks on the same observations, with one tape.

A tape forgets what it recorded when it is asked for the first time (TAP301).

    actor: 2 gradients
    RuntimeError: A non-persistent GradientTape can only be used to compute one set of
    gradients (or jacobians)
"""

import tensorflow as tf

tf.keras.utils.set_random_seed(1)

actor = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(2)])
critic = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1)])

observations = tf.random.uniform((32, 4))
returns = tf.random.uniform((32,))
actions = tf.zeros((32,), tf.int32)

with tf.GradientTape() as tape:
    values = tf.squeeze(critic(observations), axis=1)
    critic_loss = tf.reduce_mean(tf.square(returns - values))
    advantages = tf.stop_gradient(returns - values)
    surprise = tf.nn.sparse_softmax_cross_entropy_with_logits(actions, actor(observations))
    actor_loss = tf.reduce_mean(advantages * surprise)

actor_gradients = tape.gradient(actor_loss, actor.trainable_variables)
print("actor:", len(actor_gradients), "gradients")
critic_gradients = tape.gradient(critic_loss, critic.trainable_variables)
print("critic:", len(critic_gradients), "gradients")
