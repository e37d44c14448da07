"""Tempts: one tape entered in two with-blocks: the second continues the record; a bare tape built in a function and entered by its caller."""
import tensorflow as tf
import numpy as np

tf.keras.utils.set_random_seed(51)
encoder = tf.keras.layers.Dense(5, activation="tanh")
decoder = tf.keras.layers.Dense(3)
x = np.random.default_rng(1).normal(size=(10, 3)).astype(np.float32)

tape = tf.GradientTape()
with tape:
    code = encoder(x)
print("code statistics, off the record:", np.mean(code), np.std(code))
with tape:
    recon = decoder(code)
    loss = tf.reduce_mean((recon - x) ** 2)
grads = tape.gradient(loss, encoder.trainable_variables + decoder.trainable_variables)
print([tuple(g.shape) for g in grads])


def make_tape(*sources):
    t = tf.GradientTape(watch_accessed_variables=False)
    return t, sources


u = tf.Variable(2.0)
w = tf.Variable(3.0)
recorder, chosen = make_tape(u, w)
with recorder as r:
    r.watch(chosen)
    y = u * u * w
with recorder:
    z = y * u
du, dw = recorder.gradient(z, [u, w])
print("dz/du", float(du), "dz/dw", float(dw))

# after gradient() a tape starts afresh
again = tf.GradientTape()
history = []
for step in range(3):
    with again:
        loss = (u - 1.0) ** 2 + 0.1 * w * w
    gu, gw = again.gradient(loss, [u, w])
    u.assign_sub(0.2 * gu)
    w.assign_sub(0.2 * gw)
    history.append(loss.numpy())
print(history)
