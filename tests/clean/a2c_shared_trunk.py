"""Tempts: values.numpy() inside the tape to build advantages, tf.random.categorical on live logits, float() logging; the losses come from the tensors."""
import numpy as np
import tensorflow as tf

L = tf.keras.layers
tf.keras.utils.set_random_seed(21)


class ActorCritic(tf.keras.Model):
    def __init__(self, actions: int):
        super().__init__()
        self.trunk = L.Dense(24, activation="swish")
        self.heads = {"pi": L.Dense(actions), "v": L.Dense(1)}

    def call(self, x):
        h = self.trunk(x)
        return self.heads["pi"](h), tf.squeeze(self.heads["v"](h), -1)


def returns_from(rewards, last_value, gamma):
    out = []
    g = last_value
    for r in rewards[::-1]:
        g = r + gamma * g
        out.append(g)
    return np.array(out[::-1], dtype="float32")


model = ActorCritic(3)
optimizer = tf.keras.optimizers.Adam(5e-3)
state_rng = np.random.RandomState(0)
reward_log = []

for update in range(3):
    states = state_rng.randn(10, 4).astype("float32")
    with tf.GradientTape() as tape:
        logits_t, values_t, actions, rewards = [], [], [], []
        for s in states:
            logits, value = model(s[None, :])
            action = int(tf.random.categorical(logits, 1)[0, 0])
            actions.append(action)
            rewards.append(float(s[action]) - 0.05)
            logits_t.append(logits[0])
            values_t.append(value[0])
        logits_t, values_t = tf.stack(logits_t), tf.stack(values_t)
        targets = returns_from(rewards, values_t[-1].numpy(), gamma=0.9)
        advantage = targets - values_t.numpy()
        ce = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=actions, logits=logits_t)
        policy_loss = tf.reduce_mean(ce * advantage)
        value_loss = tf.reduce_mean(tf.math.squared_difference(values_t, targets))
        loss = policy_loss + 0.5 * value_loss
        reward_log.append(np.mean(rewards))
        print(f"{update} {float(policy_loss):+.3f} {float(value_loss):.3f}")
    params = model.trainable_variables
    gradients = tape.gradient(loss, params)
    gradients = [tf.clip_by_norm(g, 0.5) for g in gradients]
    optimizer.apply_gradients(zip(gradients, params))
print(np.mean(reward_log))
