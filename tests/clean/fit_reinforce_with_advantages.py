"""Tempts: policy gradient through fit: y_true packs integer actions and numpy advantages, argmax and sampling happen outside of the loss."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(8)
ACTIONS = 3


def policy_loss(entropy=0.01):
    def loss(y_true, y_pred):
        action = tf.cast(y_true[:, 0], tf.int32)
        advantage = y_true[:, 1]
        log_policy = tf.math.log(y_pred + 1e-8)
        chosen = tf.reduce_sum(tf.one_hot(action, ACTIONS) * log_policy, axis=1)
        spread = -tf.reduce_sum(y_pred * log_policy, axis=1)
        return -advantage * chosen - entropy * spread
    return loss


class Agent:
    def __init__(self):
        self.model = self.build()

    def build(self):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(ACTIONS, activation="softmax")])
        model.compile(keras.optimizers.Adam(1e-3), loss=policy_loss())
        return model

    def act(self, state):
        policy = self.model.predict(state[None], verbose=0)[0]
        return int(np.random.choice(ACTIONS, p=policy / policy.sum()))

    def learn(self, states, actions, rewards):
        returns = np.cumsum(np.array(rewards)[::-1])[::-1]
        advantages = (returns - returns.mean()) / (returns.std() + 1e-8)
        packed = np.stack([np.array(actions, "float32"), advantages.astype("float32")], axis=1)
        return self.model.train_on_batch(np.array(states), packed)


agent = Agent()
rng = np.random.default_rng(8)
for episode in range(2):
    states = [rng.normal(size=4).astype("float32") for _ in range(5)]
    actions = [agent.act(state) for state in states]
    rewards = [float(action == np.argmax(state[:ACTIONS])) for action, state in zip(actions, states)]
    print(episode, agent.learn(states, actions, rewards))
