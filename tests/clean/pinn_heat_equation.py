"""Tempts: a persistent inner tape asked inside the outer one, collocation points watched as constants, second derivatives of a network."""
import numpy as np
import tensorflow as tf

tf.random.set_seed(1234)
np.random.seed(1234)
DTYPE = "float32"
KAPPA = 0.1


class PINN(tf.keras.Model):
    def __init__(self, width=10, depth=2):
        super().__init__()
        self.blocks = [tf.keras.layers.Dense(width, activation=tf.math.tanh) for _ in range(depth)]
        self.out = tf.keras.layers.Dense(1, use_bias=False)

    def call(self, tx):
        for block in self.blocks:
            tx = block(tx)
        return self.out(tx)


def residual(model, t, x):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape(persistent=True) as inner:
            inner.watch([t, x])
            u = model(tf.concat([t, x], axis=1))
        u_x = inner.gradient(u, x)
        u_t = inner.gradient(u, t)
        del inner
    u_xx = outer.gradient(u_x, x)
    return u_t - KAPPA * u_xx


model = PINN()
opt = tf.keras.optimizers.Adam(tf.keras.optimizers.schedules.PiecewiseConstantDecay([2], [1e-2, 1e-3]))
t_r = tf.constant(np.random.uniform(0, 1, (20, 1)), dtype=DTYPE)
x_r = tf.constant(np.random.uniform(-1, 1, (20, 1)), dtype=DTYPE)
x_0 = tf.constant(np.linspace(-1, 1, 11)[:, None], dtype=DTYPE)
u_0 = -tf.sin(np.pi * x_0)
t_b = tf.random.uniform((6, 1), dtype=DTYPE)
x_b = tf.constant(np.random.choice([-1.0, 1.0], size=(6, 1)), dtype=DTYPE)

log = {"loss": [], "l2": []}
for epoch in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(residual(model, t_r, x_r)))
        for t, x, u in [(tf.zeros_like(x_0), x_0, u_0), (t_b, x_b, tf.zeros_like(x_b))]:
            loss += tf.reduce_mean(tf.square(u - model(tf.concat([t, x], axis=1))))
    g = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(g, model.trainable_variables))
    log["loss"].append(loss.numpy())
    log["l2"].append(np.sqrt(np.mean(model.predict_on_batch(np.hstack([np.zeros((11, 1)), x_0.numpy()])) ** 2)))
print(log)
