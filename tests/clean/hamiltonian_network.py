"""Tempts: the model's output is itself a gradient (dH/dq, dH/dp) taken inside the training tape; rollouts rebind q and p through numpy for plotting."""
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(19)


class HamiltonianNN(tf.keras.Model):
    def __init__(self, hidden=16):
        super().__init__()
        self.energy = tf.keras.Sequential([
            tf.keras.layers.Dense(hidden, activation="tanh"),
            tf.keras.layers.Dense(1, use_bias=False),
        ])

    def call(self, qp):
        with tf.GradientTape() as tape:
            tape.watch(qp)
            h = self.energy(qp)
        dh = tape.gradient(h, qp)
        dh_dq, dh_dp = tf.split(dh, 2, axis=-1)
        return tf.concat([dh_dp, -dh_dq], axis=-1)


class LagrangianAcceleration:
    """q'' from a parametric Lagrangian, by the Euler-Lagrange equation."""

    def __init__(self):
        self.mass, self.stiffness = tf.Variable([1.5]), tf.Variable([0.5])

    def lagrangian(self, q, v):
        return 0.5 * self.mass * v ** 2 - 0.5 * self.stiffness * q ** 2 - 0.1 * q ** 4

    def __call__(self, q, v):
        with tf.GradientTape(persistent=True) as second:
            second.watch((q, v))
            with tf.GradientTape(persistent=True) as first:
                first.watch((q, v))
                lag = self.lagrangian(q, v)
            dl_dq = first.gradient(lag, q)
            dl_dv = first.gradient(lag, v)
        d_vv = second.gradient(dl_dv, v)
        d_vq = second.gradient(dl_dv, q, unconnected_gradients="zero")
        return (dl_dq - d_vq * v) / d_vv


rng = np.random.default_rng(0)
qp = rng.uniform(-1, 1, size=(32, 2)).astype(np.float32)
field = np.stack([qp[:, 1], -np.sin(qp[:, 0])], axis=1)
hnn = HamiltonianNN()
opt = tf.keras.optimizers.Adam(1e-2)
for epoch in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((hnn(tf.constant(qp)) - field) ** 2)
    opt.apply_gradients(zip(tape.gradient(loss, hnn.trainable_variables), hnn.trainable_variables))
state = np.array([[0.5, 0.0]], dtype=np.float32)
for _ in range(5):
    state = state + 0.1 * hnn(tf.convert_to_tensor(state)).numpy()
print(float(loss), state)

law = LagrangianAcceleration()
q, v = tf.constant([0.5, -0.2, 0.9]), tf.constant([0.1, 0.4, -0.3])
truth = -q.numpy() * 0.8 - 0.4 * q.numpy() ** 3
for epoch in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((law(q, v) - truth) ** 2)
    for var, g in zip((law.mass, law.stiffness), tape.gradient(loss, [law.mass, law.stiffness])):
        var.assign_sub(0.05 * g)
print(float(loss), law.mass.numpy(), law.stiffness.numpy())
