"""Tempts: np.random.choice over probs.numpy() and an int action list, but the log-probability is recomputed from logits inside the tape."""
import numpy as np
import tensorflow as tf
from tensorflow.keras import Input, Model
from tensorflow.keras.layers import Dense

np.random.seed(0)
tf.random.set_seed(0)

inp = Input(shape=(3,))
hidden = Dense(8, activation="relu")(inp)
policy = Model(inp, Dense(2)(hidden))
opt = tf.optimizers.Adam(learning_rate=0.02)


def features(x):
    return np.array([x / 5.0, 1.0, np.cos(x)], dtype=np.float32)


def run_episode(max_steps=8):
    x, obs, acts, rewards = 2, [], [], []
    for _ in range(max_steps):
        o = features(x)
        probs = tf.nn.softmax(policy(o[np.newaxis]))[0].numpy().astype("float64")
        a = np.random.choice(2, p=probs / probs.sum())
        x += 1 if a else -1
        obs.append(o)
        acts.append(a)
        rewards.append(float(x == 5) - 0.1)
        if x in (0, 5):
            break
    return np.stack(obs), acts, rewards


def discounted(rewards, gamma=0.97):
    out, running = np.zeros(len(rewards)), 0.0
    for i in reversed(range(len(rewards))):
        running = rewards[i] + gamma * running
        out[i] = running
    return (out - out.mean()) / (out.std() + 1e-8)


for episode in range(5):
    obs, acts, rewards = run_episode()
    returns = tf.constant(discounted(rewards), dtype=tf.float32)
    with tf.GradientTape() as tape:
        logits = policy(obs)
        neg_log_prob = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=np.array(acts), logits=logits)
        loss = tf.reduce_sum(neg_log_prob * returns)
        p = tf.nn.softmax(logits)
        entropy = -tf.reduce_sum(p * tf.nn.log_softmax(logits), axis=1)
        loss -= 0.01 * tf.reduce_mean(entropy)
    grads = tape.gradient(loss, policy.trainable_weights)
    opt.apply_gradients(zip(grads, policy.trainable_weights))
    print(f"episode {episode}: return {sum(rewards):.2f} loss {loss.numpy():.3f} H {np.mean(entropy):.3f}")
