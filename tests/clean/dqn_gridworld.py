"""Tempts: predict and np.argmax for acting, target_net.predict for the bootstrap, float casts of done flags, all beside one honest tape."""
import random
from collections import deque, namedtuple

import numpy as np
import tensorflow as tf
from tensorflow import keras

random.seed(1)
np.random.seed(1)
keras.utils.set_random_seed(1)

Transition = namedtuple("Transition", "state action reward next_state done")
N_STATES, N_ACTIONS, GAMMA = 6, 2, 0.95


def build():
    return keras.Sequential([
        keras.Input((N_STATES,)),
        keras.layers.Dense(16, activation="tanh"),
        keras.layers.Dense(N_ACTIONS),
    ])


def one_hot(i):
    v = np.zeros(N_STATES, dtype=np.float32)
    v[i] = 1.0
    return v


def env_step(pos, action):
    pos = int(np.clip(pos + (1 if action == 1 else -1), 0, N_STATES - 1))
    done = pos == N_STATES - 1
    return pos, (1.0 if done else -0.05), done


q_net, target_net = build(), build()
target_net.set_weights(q_net.get_weights())
optimizer = keras.optimizers.Adam(1e-2)
memory = deque(maxlen=200)
huber = keras.losses.Huber()

pos, epsilon = 0, 1.0
for step in range(40):
    if random.random() < epsilon:
        action = random.randrange(N_ACTIONS)
    else:
        q = q_net(one_hot(pos)[None, :]).numpy()[0]
        action = int(np.argmax(q))
    nxt, reward, done = env_step(pos, action)
    memory.append(Transition(one_hot(pos), action, reward, one_hot(nxt), done))
    pos = 0 if done else nxt
    epsilon = max(0.1, epsilon * 0.95)

    if len(memory) < 16 or step % 8:
        continue
    batch = Transition(*zip(*random.sample(memory, 16)))
    states = np.array(batch.state)
    q_next = target_net.predict_on_batch(np.array(batch.next_state))
    not_done = 1.0 - np.array(batch.done).astype("float32")
    targets = np.array(batch.reward, dtype="float32") + GAMMA * q_next.max(axis=1) * not_done

    with tf.GradientTape() as tape:
        q_values = q_net(states)
        picked = tf.reduce_sum(q_values * tf.one_hot(batch.action, N_ACTIONS), axis=1)
        loss = huber(targets, picked)
    grads = tape.gradient(loss, q_net.trainable_variables)
    optimizer.apply_gradients(zip(grads, q_net.trainable_variables))
    if step % 16 == 0:
        target_net.set_weights(q_net.get_weights())
        print(step, float(loss), np.round(q_net.predict_on_batch(states[:1]), 3))
