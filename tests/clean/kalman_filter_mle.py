"""Tempts: filter state rebound in a numpy-driven loop, innovations logged with float(), covariance P re-symmetrised; noise scales are learnt by MLE."""
import numpy as np
import tensorflow as tf

tf.keras.backend.set_floatx("float64")
rng = np.random.RandomState(12)
T = 25
F = np.array([[1.0, 1.0], [0.0, 1.0]])
H = np.array([[1.0, 0.0]])

x = np.zeros(2)
obs = []
for _ in range(T):
    x = F @ x + rng.multivariate_normal(np.zeros(2), np.diag([0.05, 0.02]))
    obs.append(H @ x + rng.normal(scale=0.5, size=1))
obs = np.array(obs)


class KalmanFilter:
    def __init__(self):
        self.log_q = tf.Variable(np.log([0.2, 0.2]))
        self.log_r = tf.Variable(np.log([1.0]))
        self.innovations = []

    @property
    def parameters(self):
        return [self.log_q, self.log_r]

    def log_likelihood(self, ys):
        Q = tf.linalg.diag(tf.exp(self.log_q))
        R = tf.linalg.diag(tf.exp(self.log_r))
        m, P = tf.zeros((2, 1), tf.float64), 5.0 * tf.eye(2, dtype=tf.float64)
        total = tf.constant(0.0, tf.float64)
        self.innovations.clear()
        for y in ys:
            m = F @ m
            P = F @ P @ F.T + Q
            S = H @ P @ H.T + R
            v = y[:, None] - H @ m
            self.innovations.append(float(v[0, 0]))
            gain = P @ H.T @ tf.linalg.inv(S)
            m = m + gain @ v
            P = P - gain @ H @ P
            P = 0.5 * (P + tf.transpose(P))
            total -= 0.5 * (tf.linalg.logdet(2.0 * np.pi * S) + (tf.transpose(v) @ tf.linalg.inv(S) @ v)[0, 0])
        return total


kf = KalmanFilter()
opt = tf.keras.optimizers.Adam(0.1)
for i in range(3):
    with tf.GradientTape() as tape:
        nll = -kf.log_likelihood(obs)
    opt.apply_gradients(zip(tape.gradient(nll, kf.parameters), kf.parameters))
    print(i, nll.numpy(), "innovation std", np.std(kf.innovations))
