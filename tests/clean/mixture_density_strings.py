"""Tempts: StringLookup and Normalization layers, a pandas-like dict of columns, int categories embedded, a mixture density loss, sampled draws for display."""
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(53)
rng = np.random.default_rng(53)
CITIES = ["oslo", "bergen", "bodo"]
columns = {
    "city": rng.choice(CITIES, 40),
    "rooms": rng.integers(1, 6, 40),
    "area": rng.normal(70, 20, 40),
}
price = (columns["rooms"] * 0.5 + columns["area"] / 50 + np.array([CITIES.index(c) for c in columns["city"]])).astype("float32")

lookup = layers.StringLookup(vocabulary=CITIES)
normalise = layers.Normalization(axis=None)
normalise.adapt(columns["area"])
embedding = layers.Embedding(len(CITIES) + 1, 3)
body = tf.keras.Sequential([layers.Dense(12, "tanh"), layers.Dense(3 * 2)])


def encode(batch):
    city = embedding(lookup(batch["city"]))
    rooms = tf.one_hot(tf.cast(batch["rooms"], tf.int32) - 1, 5)
    big = tf.cast(batch["area"] > 80.0, tf.float32)[:, None]
    area = normalise(tf.cast(batch["area"], tf.float32))[:, None]
    return tf.concat([city, rooms, area, big], axis=1)


def mdn_params(batch):
    out = tf.reshape(body(encode(batch)), (-1, 3, 2))
    raw_mix, mu, raw_sigma = tf.unstack(out, axis=1)
    return tf.nn.log_softmax(raw_mix), mu, tf.nn.softplus(raw_sigma) + 1e-3


def nll(params, y):
    log_mix, mu, sigma = params
    log_prob = -0.5 * ((y[:, None] - mu) / sigma) ** 2 - tf.math.log(sigma) - 0.5 * np.log(2 * np.pi).astype("float32")
    return -tf.reduce_mean(tf.reduce_logsumexp(log_mix + log_prob, axis=-1))


ds = tf.data.Dataset.from_tensor_slices((columns, price)).shuffle(40, seed=0).batch(20)
opt = tf.keras.optimizers.Adam(1e-2)
for epoch in range(2):
    for batch, y in ds:
        with tf.GradientTape() as tape:
            params = mdn_params(batch)
            loss = nll(params, y)
            component = tf.random.categorical(params[0], 1)
            draws = tf.gather(params[1], component[:, 0], batch_dims=1).numpy()
        weights = embedding.trainable_variables + body.trainable_variables
        opt.apply_gradients(zip(tape.gradient(loss, weights), weights))
    names = [c.decode().title() for c in batch["city"].numpy()[:2]]
    print(epoch, float(loss), names, draws[:2].round(2))
