"""Tempts: sampled weights replace variables under the same names, rho goes through softplus, numpy ensembles of predictions, KL in python sums."""
import numpy as np
import tensorflow as tf
from tensorflow.keras.layers import Layer


class BayesianDense(Layer):
    def __init__(self, units, kl_weight, prior_sigma=1.0, activation="linear"):
        super().__init__()
        self.units, self.kl_weight, self.prior_sigma = units, kl_weight, prior_sigma
        self.activation = tf.keras.activations.get(activation)

    def build(self, input_shape):
        shape = (int(input_shape[-1]), self.units)
        init = tf.keras.initializers.RandomNormal(stddev=0.1)
        self.kernel_mu = self.add_weight(name="kernel_mu", shape=shape, initializer=init)
        self.kernel_rho = self.add_weight(name="kernel_rho", shape=shape, initializer=tf.keras.initializers.Constant(-3.0))
        self.bias_mu = self.add_weight(name="bias_mu", shape=(self.units,), initializer=init)
        self.bias_rho = self.add_weight(name="bias_rho", shape=(self.units,), initializer=tf.keras.initializers.Constant(-3.0))

    def log_normal(self, w, mu, sigma):
        return tf.reduce_sum(-0.5 * ((w - mu) / sigma) ** 2 - tf.math.log(sigma))

    def call(self, inputs):
        kernel_sigma = tf.math.softplus(self.kernel_rho)
        kernel = self.kernel_mu + kernel_sigma * tf.random.normal(self.kernel_mu.shape)
        bias_sigma = tf.math.softplus(self.bias_rho)
        bias = self.bias_mu + bias_sigma * tf.random.normal(self.bias_mu.shape)
        kl = 0.0
        for w, mu, sigma in ((kernel, self.kernel_mu, kernel_sigma), (bias, self.bias_mu, bias_sigma)):
            kl += self.log_normal(w, mu, sigma) - self.log_normal(w, 0.0, float(self.prior_sigma))
        self.add_loss(self.kl_weight * kl)
        return self.activation(inputs @ kernel + bias)


tf.keras.utils.set_random_seed(36)
N = 24
x = np.linspace(-1, 1, N, dtype="float32")[:, None]
y = np.sin(4 * x) + 0.05 * np.random.randn(N, 1).astype("float32")
net = tf.keras.Sequential([tf.keras.Input((1,)), BayesianDense(8, 1.0 / N, activation="tanh"), BayesianDense(1, 1.0 / N)])
opt = tf.keras.optimizers.Adam(0.02)
elbo_log = []
for epoch in range(4):
    with tf.GradientTape() as tape:
        samples = [net(x) for _ in range(2)]
        nll = sum(tf.reduce_mean((y - s) ** 2) for s in samples) / len(samples)
        loss = nll + sum(net.losses)
    gradients = tape.gradient(loss, net.trainable_variables)
    opt.apply_gradients(list(zip(gradients, net.trainable_variables)))
    elbo_log.append([float(nll), float(loss)])
draws = np.stack([net.predict_on_batch(x) for _ in range(5)])
print(np.round(elbo_log, 3).tolist(), "predictive std", draws.std(axis=0).mean().round(4))
