"""Tempts: the state is rebound 20 times (y = y + dt * k), time steps are Python floats from numpy, snapshots go to .numpy() between solver steps."""
import numpy as np
import tensorflow as tf


class ODEFunc(tf.Module):
    def __init__(self, dim, hidden, rng, name=None):
        super().__init__(name=name)
        self.w1 = tf.Variable(rng.normal(0, 0.3, (dim, hidden)), dtype=tf.float64, name="w1")
        self.b1 = tf.Variable(np.zeros(hidden), name="b1")
        self.w2 = tf.Variable(rng.normal(0, 0.3, (hidden, dim)), dtype=tf.float64, name="w2")

    def __call__(self, t, y):
        return tf.tanh(y ** 3 @ self.w1 + self.b1) @ self.w2


def rk4_step(f, t, y, dt):
    k1 = f(t, y)
    k2 = f(t + dt / 2, y + dt / 2 * k1)
    k3 = f(t + dt / 2, y + dt / 2 * k2)
    k4 = f(t + dt, y + dt * k3)
    return (k1 + 2 * k2 + 2 * k3 + k4) / 6


def odeint(f, y0, ts, snapshots=None):
    y = y0
    path = [y]
    for t0, t1 in zip(ts[:-1], ts[1:]):
        dt = float(t1 - t0)
        y = y + dt * rk4_step(f, float(t0), y, dt)
        path.append(y)
        if snapshots is not None:
            snapshots.append(y.numpy())
    return tf.stack(path)


rng = np.random.default_rng(6)
A = np.array([[-0.1, 2.0], [-2.0, -0.1]])
ts = np.linspace(0.0, 0.5, 11)
truth = [np.array([[1.0, 0.2]])]
for dt in np.diff(ts):
    truth.append(truth[-1] + dt * (truth[-1] ** 3) @ A)
truth = np.stack(truth)

func = ODEFunc(2, 8, rng)
optimizer = tf.keras.optimizers.Adam(0.05)
for it in range(4):
    snapshots = []
    with tf.GradientTape() as tape:
        pred = odeint(func, tf.constant(truth[0]), ts, snapshots)
        loss = tf.reduce_mean(tf.abs(pred - truth))
    grads = tape.gradient(loss, func.trainable_variables)
    optimizer.apply_gradients(zip(grads, func.trainable_variables))
    print(it, loss.numpy(), np.linalg.norm(snapshots[-1] - truth[-1]))
