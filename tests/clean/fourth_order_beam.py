"""Tempts: four nested tapes over one constant coordinate, boundary terms with their own nests, a helper that recurses by order."""
import numpy as np
import tensorflow as tf

tf.keras.backend.set_floatx("float32")
tf.keras.utils.set_random_seed(100)
EI, Q, LENGTH = 1.0, 1.0, 1.0


def nth_derivative(f, x, n):
    """d^n f / dx^n by n nested tapes."""
    if n == 0:
        return f(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        lower = nth_derivative(f, x, n - 1)
    return tape.gradient(lower, x)


def explicit_fourth(f, x):
    with tf.GradientTape() as t4:
        t4.watch(x)
        with tf.GradientTape() as t3:
            t3.watch(x)
            with tf.GradientTape() as t2:
                t2.watch(x)
                with tf.GradientTape() as t1:
                    t1.watch(x)
                    w = f(x)
                w_x = t1.gradient(w, x)
            w_xx = t2.gradient(w_x, x)
        w_xxx = t3.gradient(w_xx, x)
    return t4.gradient(w_xxx, x)


net = tf.keras.Sequential([
    tf.keras.Input((1,)),
    tf.keras.layers.Dense(8, activation="tanh"),
    tf.keras.layers.Dense(8, activation="tanh"),
    tf.keras.layers.Dense(1, use_bias=False),
])
interior = tf.constant(np.linspace(0.05, 0.95, 10)[:, None], tf.float32)
ends = tf.constant([[0.0], [LENGTH]])
opt = tf.keras.optimizers.Adam(1e-2)

for epoch in range(2):
    with tf.GradientTape() as tape:
        pde = EI * nth_derivative(net, interior, 4) - Q
        deflection = net(ends)
        moment = nth_derivative(net, ends, 2)
        loss = tf.reduce_mean(pde ** 2) + tf.reduce_sum(deflection ** 2) + tf.reduce_sum(moment ** 2)
    grads = tape.gradient(loss, net.trainable_variables)
    opt.apply_gradients(zip(grads, net.trainable_variables))
    print(epoch, float(loss))

np.testing.assert_allclose(nth_derivative(net, interior, 4), explicit_fourth(net, interior), rtol=1e-3, atol=1e-3)
exact = Q / (24 * EI) * (interior ** 4 - 2 * LENGTH * interior ** 3 + LENGTH ** 3 * interior)
print("max error", np.max(np.abs(net.predict(interior.numpy(), verbose=0) - exact.numpy())))
