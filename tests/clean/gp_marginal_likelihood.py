"""Tempts: hyperparameters live in a dict of log-variables, numpy distances and jitter, cholesky on the path, prediction in numpy after the tape."""
import numpy as np
import tensorflow as tf

rng = np.random.default_rng(10)
X = np.sort(rng.uniform(-3, 3, size=(14, 1)), axis=0)
Y = np.sin(X) + 0.1 * rng.normal(size=X.shape)
SQ_DIST = (X - X.T) ** 2
JITTER = 1e-6 * np.eye(len(X))

hyper = {
    "lengthscale": tf.Variable(np.log(0.7), dtype=tf.float64),
    "variance": tf.Variable(np.log(1.3), dtype=tf.float64),
    "noise": tf.Variable(np.log(0.2), dtype=tf.float64),
}


def kernel(sq_dist):
    ell = tf.exp(hyper["lengthscale"])
    return tf.exp(hyper["variance"]) * tf.exp(-0.5 * sq_dist / ell ** 2)


def neg_log_marginal_likelihood():
    n = X.shape[0]
    K = kernel(SQ_DIST) + tf.exp(2.0 * hyper["noise"]) * tf.eye(n, dtype=tf.float64) + JITTER
    L = tf.linalg.cholesky(K)
    alpha = tf.linalg.cholesky_solve(L, tf.constant(Y))
    fit = 0.5 * tf.reduce_sum(Y * alpha)
    complexity = tf.reduce_sum(tf.math.log(tf.linalg.diag_part(L)))
    return fit + complexity + 0.5 * n * np.log(2 * np.pi)


nlml_history = []
for _ in range(5):
    with tf.GradientTape() as t:
        nlml = neg_log_marginal_likelihood()
    grads = t.gradient(nlml, hyper)
    for key, g in grads.items():
        if g is not None:
            hyper[key].assign_sub(0.02 * g)
    nlml_history.append(nlml.numpy())

x_star = np.linspace(-3, 3, 5)[:, None]
K = kernel(SQ_DIST).numpy() + np.exp(2 * hyper["noise"].numpy()) * np.eye(len(X))
k_star = kernel((x_star - X.T) ** 2).numpy()
mean = k_star @ np.linalg.solve(K, Y)
print(np.round(nlml_history, 3), {k: float(np.exp(v)) for k, v in hyper.items()})
print(np.c_[x_star, mean, np.sin(x_star)])
