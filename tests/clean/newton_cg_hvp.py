"""Tempts: Hessian-vector products with the vector as a constant, conjugate gradients with float() stops in NumPy style, one gradient inside the outer tape."""
import numpy as np
import tensorflow as tf

w = tf.Variable(np.array([0.5, -1.5, 2.0]), dtype=tf.float64)
A = np.diag([1.0, 4.0, 9.0]) + 0.1


def f(v):
    return 0.5 * tf.tensordot(v, tf.linalg.matvec(A, v), 1) + tf.reduce_sum(tf.math.log(tf.cosh(v)))


def value_and_grad():
    with tf.GradientTape() as tape:
        y = f(w)
    return y, tape.gradient(y, w)


def hvp(vector):
    vector = tf.convert_to_tensor(vector)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = f(w)
        g = inner.gradient(y, w)
        gv = tf.reduce_sum(g * vector)
    return outer.gradient(gv, w)


def hvp_output_gradients(vector):
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = f(w)
        g = inner.gradient(y, w)
    return outer.gradient(g, w, output_gradients=tf.constant(vector))


def conjugate_gradient(b, iters=10, tol=1e-10):
    x, r = np.zeros_like(b), b.copy()
    p, rs = r.copy(), r @ r
    for _ in range(iters):
        if rs < tol:
            break
        Ap = hvp(p).numpy()
        alpha = rs / (p @ Ap)
        x += alpha * p
        r -= alpha * Ap
        rs, old = r @ r, rs
        p = r + rs / old * p
    return x


for it in range(4):
    y, g = value_and_grad()
    step = conjugate_gradient(g.numpy())
    w.assign_sub(step)
    print(it, float(y), "grad norm", np.linalg.norm(g))
probe = np.array([1.0, 0.0, -1.0])
assert np.allclose(hvp(probe), hvp_output_gradients(probe))
