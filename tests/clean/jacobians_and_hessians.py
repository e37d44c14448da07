"""Tempts: jacobian on non-persistent tapes, batch_jacobian of a row-wise model, a Hessian by jacobian of a gradient; reshape through numpy only at the end."""
import numpy as np
import tensorflow as tf
from tensorflow import GradientTape

tf.random.set_seed(64)
mlp = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(7, activation="softplus"), tf.keras.layers.Dense(2)])
x = tf.random.normal((5, 3))

with GradientTape() as g:
    g.watch(x)
    y = mlp(x)
batch_j = g.batch_jacobian(y, x)

with GradientTape() as g:
    g.watch(x)
    y = mlp(x)
full = g.jacobian(y, x)
picked = tf.einsum("bibj->bij", full)
tf.debugging.assert_near(picked, batch_j, atol=1e-5)


def hessian_of_loss(model, x, y):
    kernel = model.layers[0].kernel
    with GradientTape() as t2:
        with GradientTape() as t1:
            loss = tf.reduce_mean((model(x) - y) ** 2)
        g = t1.gradient(loss, kernel)
    h = t2.jacobian(g, kernel)
    n = int(np.prod(kernel.shape))
    return tf.reshape(h, (n, n)), tf.reshape(g, (n, 1))


targets = tf.random.normal((5, 2))
H, grad = hessian_of_loss(mlp, x, targets)
damped = H + 0.5 * tf.eye(H.shape[0])
update = tf.reshape(tf.linalg.solve(damped, grad), mlp.layers[0].kernel.shape)
mlp.layers[0].kernel.assign_sub(0.5 * update)
eig = np.linalg.eigvalsh(0.5 * (H.numpy() + H.numpy().T))
print("batch jacobian", batch_j.shape, "eigenvalues", eig[[0, -1]].round(3))

# Gauss-Newton (Levenberg-Marquardt) on a curve with parameters as one variable
t = np.linspace(0, 4, 25)
data = 2.0 * np.exp(-0.7 * t) + 0.3
theta = tf.Variable([1.0, 0.3, 0.0], dtype=tf.float64)
lam = 1e-2
for it in range(5):
    with GradientTape() as tape:
        a, k, c = tf.unstack(theta)
        residual = a * tf.exp(-k * t) + c - data
    J = tape.jacobian(residual, theta)
    r = residual.numpy()
    JTJ = J.numpy().T @ J.numpy()
    delta = np.linalg.solve(JTJ + lam * np.diag(np.diag(JTJ)), J.numpy().T @ r)
    theta.assign_sub(delta)
    print(it, 0.5 * r @ r, theta.numpy().round(4))
