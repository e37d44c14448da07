"""Tempts: the bootstrap target (argmax, predict, stop_gradient, cast of a bool) is built inside the tape, but only the online Q feeds it."""
import numpy as np
import tensorflow as tf

tf.random.set_seed(3)
rng = np.random.default_rng(3)


class QNet(tf.keras.Model):
    def __init__(self, n_actions):
        super().__init__()
        self.hidden = tf.keras.layers.Dense(12, activation="elu")
        self.value = tf.keras.layers.Dense(1)
        self.advantage = tf.keras.layers.Dense(n_actions)

    def call(self, obs):
        h = self.hidden(obs)
        adv = self.advantage(h)
        return self.value(h) + adv - tf.reduce_mean(adv, axis=-1, keepdims=True)


class Agent:
    gamma = 0.9

    def __init__(self, obs_dim=4, n_actions=3):
        self.online, self.target = QNet(n_actions), QNet(n_actions)
        self.n_actions = n_actions
        dummy = tf.zeros((1, obs_dim))
        self.online(dummy), self.target(dummy)
        self.target.set_weights(self.online.get_weights())
        self.opt = tf.keras.optimizers.RMSprop(1e-3)
        self.history = []

    def act(self, obs):
        scores = self.online.predict_on_batch(obs[None])
        return int(scores[0].argmax())

    def learn(self, s, a, r, s2, done):
        with tf.GradientTape() as tape:
            best = tf.argmax(self.online(s2), axis=1)
            q2 = self.target.predict_on_batch(s2)
            q2_best = tf.gather(q2, best, axis=1, batch_dims=1)
            y = r + self.gamma * tf.cast(tf.logical_not(done), tf.float32) * q2_best
            q = tf.gather(self.online(s), a, axis=1, batch_dims=1)
            td = tf.stop_gradient(y) - q
            loss = tf.reduce_mean(tf.square(td))
        grads = tape.gradient(loss, self.online.trainable_variables)
        grads, norm = tf.clip_by_global_norm(grads, 10.0)
        self.opt.apply_gradients(zip(grads, self.online.trainable_variables))
        self.history.append((loss.numpy().item(), float(norm), np.abs(td.numpy()).max()))
        for t, o in zip(self.target.weights, self.online.weights):
            t.assign(0.995 * t + 0.005 * o)


agent = Agent()
for _ in range(4):
    s, s2 = (rng.normal(size=(8, 4)).astype("float32") for _ in range(2))
    a = np.array([agent.act(row) for row in s])
    r = rng.normal(size=8).astype("float32")
    agent.learn(s, a, r, s2, rng.random(8) < 0.2)
print(np.mean([h[0] for h in agent.history]))
