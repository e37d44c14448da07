"""Tempts: gradients summed over micro-batches in tf.Variables by assign_add, int(step) modulo tests, zero-initialised accumulators, IndexedSlices densified."""
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(20)
ACCUM = 3

model = tf.keras.Sequential([
    tf.keras.Input((4,), dtype="int32"),
    tf.keras.layers.Embedding(20, 5),
    tf.keras.layers.Flatten(),
    tf.keras.layers.Dense(2),
])
criterion = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = tf.keras.optimizers.Adam(1e-2)
accumulated = [tf.Variable(tf.zeros(v.shape), trainable=False) for v in model.trainable_variables]
counter = tf.Variable(0, trainable=False)


def micro_step(x, y):
    with tf.GradientTape() as tape:
        loss = criterion(y, model(x, training=True)) / ACCUM
        counter.assign_add(1)
    gradients = tape.gradient(loss, model.trainable_variables)
    for acc, g in zip(accumulated, gradients):
        acc.assign_add(tf.convert_to_tensor(g))
    return loss * ACCUM


def flush():
    clipped, _ = tf.clip_by_global_norm([a.value() for a in accumulated], 1.0)
    optimizer.apply_gradients(zip(clipped, model.trainable_variables))
    for a in accumulated:
        a.assign(tf.zeros_like(a))


rng = np.random.default_rng(8)
tokens = rng.integers(0, 20, (36, 4))
target = (tokens.sum(axis=1) % 2).astype(int)
running = []
for i in range(0, 36, 6):
    running.append(micro_step(tokens[i:i + 6], target[i:i + 6]).numpy())
    if int(counter) % ACCUM == 0:
        flush()
        print("update", int(counter) // ACCUM, "mean loss", np.mean(running[-ACCUM:]))

# the same with plain Python sums of dense gradients
total = None
for i in range(0, 12, 6):
    with tf.GradientTape() as tape:
        loss = criterion(target[i:i + 6], model(tokens[i:i + 6]))
    dense = [tf.convert_to_tensor(g) for g in tape.gradient(loss, model.trainable_variables)]
    total = dense if total is None else [t + g for t, g in zip(total, dense)]
optimizer.apply_gradients(zip([t / 2.0 for t in total], model.trainable_variables))
