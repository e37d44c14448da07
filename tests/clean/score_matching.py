"""Tempts: scores are gradients with respect to noisy data, needed under the parameter tape; a trace by jacobian; sigma annealed by a numpy schedule."""
import tensorflow as tf, numpy as np

tf.random.set_seed(29)
energy = tf.keras.Sequential([
    tf.keras.layers.InputLayer(shape=(2,)),
    tf.keras.layers.Dense(12, activation=tf.nn.softplus),
    tf.keras.layers.Dense(12, activation=tf.nn.softplus),
    tf.keras.layers.Dense(1, use_bias=False),
])


def score(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        logp = -tf.reduce_sum(energy(x))
    return tape.gradient(logp, x)


def denoising_loss(x, sigma):
    noise = tf.random.normal(x.shape)
    perturbed = x + sigma * noise
    return 0.5 * tf.reduce_mean(tf.reduce_sum((sigma * score(perturbed) + noise) ** 2, axis=1))


def sliced_loss(x):
    v = tf.sign(tf.random.normal(x.shape))
    with tf.GradientTape() as tape:
        tape.watch(x)
        s = score(x)
        sv = tf.reduce_sum(s * v)
    vjp = tape.gradient(sv, x)
    return tf.reduce_mean(tf.reduce_sum(v * vjp, axis=1) + 0.5 * tf.reduce_sum(s ** 2, axis=1))


def exact_loss(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        s = score(x)
    hessian = tape.batch_jacobian(s, x)
    return tf.reduce_mean(tf.linalg.trace(hessian) + 0.5 * tf.reduce_sum(s ** 2, axis=1))


objectives = {
    "dsm": lambda x, k: denoising_loss(x, sigma=float(np.geomspace(1.0, 0.1, 3)[k])),
    "sliced": lambda x, k: sliced_loss(x),
    "exact": lambda x, k: exact_loss(x),
}
opt = tf.keras.optimizers.Adam(1e-3)
data = np.random.default_rng(7).multivariate_normal([0, 1], [[1.0, 0.6], [0.6, 1.0]], size=16).astype("float32")
params = energy.trainable_weights
for name, objective in objectives.items():
    for k in range(2):
        batch = tf.constant(data[k * 8:(k + 1) * 8])
        with tf.GradientTape() as outer:
            loss = objective(batch, k)
        opt.apply_gradients(zip(outer.gradient(loss, params), params))
    print(name, loss.numpy())

x = tf.random.normal((4, 2))
for step in np.linspace(0.1, 0.01, 4):
    x = x + step * score(x) + np.sqrt(2 * step) * tf.random.normal(x.shape)
print("samples", x.numpy().round(2).tolist())
