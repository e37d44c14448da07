"""Tempts: int64 user and item ids, gathered rows (IndexedSlices gradients) used through the optimizer, biases, round() of predictions only for display."""
import numpy as np
import tensorflow as tf

np.random.seed(3)
tf.random.set_seed(3)
N_USERS, N_ITEMS, RANK, REG = 12, 9, 3, 1e-3
ratings = np.array([(u, i, np.random.randint(1, 6)) for u in range(N_USERS) for i in np.random.choice(N_ITEMS, 4, False)])
mu = ratings[:, 2].mean()


class MF(tf.Module):
    def __init__(self):
        self.P = tf.Variable(tf.random.normal([N_USERS, RANK], stddev=0.1))
        self.Q = tf.Variable(tf.random.normal([N_ITEMS, RANK], stddev=0.1))
        self.bu = tf.Variable(tf.zeros([N_USERS]))
        self.bi = tf.Variable(tf.zeros([N_ITEMS]))

    def __call__(self, users, items):
        pu, qi = tf.nn.embedding_lookup(self.P, users), tf.gather(self.Q, items)
        return mu.astype("float32") + tf.reduce_sum(pu * qi, axis=1) + tf.gather(self.bu, users) + tf.gather(self.bi, items)


mf = MF()
opt = tf.keras.optimizers.Adagrad(0.1)
ds = (tf.data.Dataset.from_tensor_slices((ratings[:, 0], ratings[:, 1], ratings[:, 2]))
      .shuffle(100, seed=1)
      .map(lambda u, i, r: (tf.cast(u, tf.int32), i, tf.cast(r, tf.float32)))
      .batch(16))

for epoch in range(2):
    se, n = 0.0, 0
    for users, items, r in ds:
        with tf.GradientTape() as tape:
            pred = mf(users, items)
            error = r - pred
            loss = tf.reduce_sum(error ** 2) + REG * (tf.nn.l2_loss(tf.gather(mf.P, users)) + tf.nn.l2_loss(tf.gather(mf.Q, items)))
        grads = tape.gradient(loss, mf.trainable_variables)
        grads = [tf.clip_by_norm(g, 5.0) for g in grads]
        opt.apply_gradients(zip(grads, mf.trainable_variables))
        se += np.square(error.numpy()).sum()
        n += len(error)
    sample = np.rint(mf(ratings[:3, 0], ratings[:3, 1]))
    print(f"epoch {epoch} rmse {np.sqrt(se / n):.3f} sample {sample.astype(int).tolist()} truth {ratings[:3, 2].tolist()}")
