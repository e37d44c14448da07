"""Tempts: a numpy optimiser drives TensorFlow: flat arrays in, gradient arrays out; .numpy(), np.concatenate and set by assign all happen off the tape."""
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(23)
model = tf.keras.Sequential([tf.keras.layers.Input((1,)), tf.keras.layers.Dense(6, activation="tanh"), tf.keras.layers.Dense(1)])
x = np.linspace(-1, 1, 20).reshape(-1, 1).astype("float32")
y = np.sin(3 * x) + 0.5 * x ** 2 - 0.2


class FlatFunction:
    """f(theta) -> (loss, gradient), in float64 for the optimiser."""

    def __init__(self, model, loss_fn):
        self.variables = model.trainable_variables
        self.shapes = [tuple(v.shape) for v in self.variables]
        self.cuts = np.cumsum([int(np.prod(s)) for s in self.shapes])[:-1]
        self.loss_fn, self.evaluations = loss_fn, 0

    def get(self):
        return np.concatenate([v.numpy().ravel() for v in self.variables]).astype(np.float64)

    def set(self, theta):
        for v, part, shape in zip(self.variables, np.split(theta, self.cuts), self.shapes):
            v.assign(part.reshape(shape).astype(np.float32))

    def __call__(self, theta):
        self.set(theta)
        with tf.GradientTape() as tape:
            loss = self.loss_fn()
        grads = tape.gradient(loss, self.variables)
        self.evaluations += 1
        return float(loss), np.concatenate([np.ravel(g.numpy()) for g in grads]).astype(np.float64)


fun = FlatFunction(model, lambda: tf.reduce_mean(tf.square(model(x) - y)))
theta = fun.get()
H = np.eye(len(theta))
value, grad = fun(theta)
for k in range(5):
    direction = -H @ grad
    t = 1.0
    while True:
        new_value, new_grad = fun(theta + t * direction)
        if new_value <= value + 1e-4 * t * grad @ direction or t < 1e-4:
            break
        t *= 0.5
    s, d = t * direction, new_grad - grad
    if (sd := s @ d) > 1e-12:
        rho, I = 1.0 / sd, np.eye(len(theta))
        H = (I - rho * np.outer(s, d)) @ H @ (I - rho * np.outer(d, s)) + rho * np.outer(s, s)
    theta, value, grad = theta + s, new_value, new_grad
    print(k, value, np.abs(grad).max(), fun.evaluations)
