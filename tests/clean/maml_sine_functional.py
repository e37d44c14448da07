"""Tempts: w = w - lr * g inside the outer tape rebinds the fast weights on purpose; the outer gradient is asked for the original variables."""
import numpy as np
import tensorflow as tf

rng = np.random.default_rng(17)
tf.random.set_seed(17)


def init(n_in, n_out):
    return tf.Variable(tf.random.normal((n_in, n_out), stddev=n_in ** -0.5))


theta = {"w1": init(1, 16), "b1": tf.Variable(tf.random.normal((16,))), "w2": init(16, 1), "b2": tf.Variable(tf.zeros((1,)))}


def forward(p, x):
    h = tf.nn.tanh(x @ p["w1"] + p["b1"])
    return h @ p["w2"] + p["b2"]


def mse(p, x, y):
    return tf.reduce_mean((forward(p, x) - y) ** 2)


def adapt(p, x, y, inner_lr, steps):
    """Gradient descent that stays differentiable: the weights become tensors."""
    fast = dict(p)
    for _ in range(steps):
        with tf.GradientTape() as inner:
            inner.watch(fast)
            loss = mse(fast, x, y)
        g = inner.gradient(loss, fast)
        fast = {k: fast[k] - inner_lr * g[k] for k in fast}
    return fast


def sample_task():
    amp, phase = rng.uniform(0.5, 3.0), rng.uniform(0, np.pi)
    x = rng.uniform(-3, 3, size=(12, 1)).astype("float32")
    y = (amp * np.sin(x + phase)).astype("float32")
    return (x[:6], y[:6]), (x[6:], y[6:])


meta_opt = tf.keras.optimizers.Adam(1e-2)
names = sorted(theta)
for it in range(2):
    with tf.GradientTape() as outer:
        total = 0.0
        for _ in range(2):
            (xs, ys), (xq, yq) = sample_task()
            fast = adapt(theta, xs, ys, inner_lr=0.05, steps=2)
            total += mse(fast, xq, yq)
        total /= 2
    meta_grads = outer.gradient(total, [theta[n] for n in names])
    meta_opt.apply_gradients((g, theta[n]) for g, n in zip(meta_grads, names))
    print(it, total.numpy(), {n: float(tf.norm(g)) for n, g in zip(names, meta_grads)})
