"""Tempts: unrolled SGD rebinds w = w - lr * g with lr itself a variable; the hypergradient passes through the inner gradients inside the outer tape."""
import numpy as np
import tensorflow as tf

rs = np.random.RandomState(7)
Xtr, Xva = rs.randn(20, 4).astype(np.float32), rs.randn(15, 4).astype(np.float32)
w_true = np.array([1.0, -2.0, 0.0, 0.5], np.float32)
ytr, yva = Xtr @ w_true + 0.3 * rs.randn(20).astype(np.float32), Xva @ w_true

log_lr = tf.Variable(np.log(0.05).astype("float32"))
log_reg = tf.Variable(tf.fill([4], -3.0))
hyper = [log_lr, log_reg]


def train_loss(w):
    fit = tf.reduce_mean((tf.linalg.matvec(Xtr, w) - ytr) ** 2)
    return fit + tf.reduce_sum(tf.exp(log_reg) * w ** 2)


def unroll(w, steps):
    curve = []
    for _ in range(steps):
        with tf.GradientTape() as inner:
            inner.watch(w)
            loss = train_loss(w)
        g = inner.gradient(loss, w)
        w = w - tf.exp(log_lr) * g
        curve.append(loss.numpy())
    return w, curve


hyper_opt = tf.keras.optimizers.Adam(0.1)
for outer_it in range(3):
    with tf.GradientTape() as outer:
        w, curve = unroll(tf.zeros(4), steps=6)
        val_loss = tf.reduce_mean((tf.linalg.matvec(Xva, w) - yva) ** 2)
    hyper_grads = outer.gradient(val_loss, hyper)
    hyper_opt.apply_gradients(zip(hyper_grads, hyper))
    print(outer_it, float(val_loss), np.round(curve, 3), "lr", np.exp(log_lr.numpy()), "reg", tf.exp(log_reg).numpy())
