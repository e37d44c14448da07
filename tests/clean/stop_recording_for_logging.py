"""Tempts: tape.stop_recording() around diagnostics and a second forward pass; what the loss is made of is recorded before and after it."""
import numpy as np
import tensorflow as tf

tf.random.set_seed(18)
cell = tf.keras.layers.GRUCell(6)
readout = tf.keras.layers.Dense(1)
sequence = np.cumsum(np.random.default_rng(2).normal(size=(4, 12, 1)), axis=1).astype(np.float32) * 0.2
optimizer = tf.keras.optimizers.Adam(1e-2)
spectra = []


def hidden_statistics(h):
    values = np.asarray(h)
    return {"mean": values.mean(), "dead": float((np.abs(values) < 1e-3).mean())}


for epoch in range(3):
    with tf.GradientTape() as tape:
        h = [tf.zeros((4, 6))]
        loss = 0.0
        for t in range(11):
            out, h = cell(sequence[:, t], h)
            prediction = readout(out)
            loss += tf.reduce_mean((prediction - sequence[:, t + 1]) ** 2)
            if t == 5:
                with tape.stop_recording():
                    stats = hidden_statistics(out)
                    free_run = prediction
                    for _ in range(3):
                        free_run, _ = cell(free_run, h)
                        free_run = readout(free_run)
                    spectra.append(np.abs(np.fft.rfft(free_run.numpy().ravel())))
        loss = loss / 11.0
    variables = cell.trainable_variables + readout.trainable_variables
    grads = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(grads, variables))
    print(epoch, loss.numpy(), stats)

w = tf.Variable([1.0, 2.0])
with tf.GradientTape(persistent=True) as tape:
    y = tf.reduce_sum(w ** 3)
    with tape.stop_recording():
        first = tape.gradient(y, w)
    z = tf.reduce_sum(w * first)
print("gradient", first.numpy(), "with the first held constant", tape.gradient(z, w).numpy())
del tape
