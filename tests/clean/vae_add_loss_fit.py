"""Tempts: a VAE trained by fit with no visible tape: tf.shape, a sampling layer, add_loss of the KL term, .numpy() only after training."""
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers, losses, Model

tf.keras.utils.set_random_seed(9)


class Sampling(layers.Layer):
    """z = mean + sigma * eps, with the KL divergence as a side loss."""

    def call(self, inputs):
        mean, log_var = inputs
        kl = -0.5 * tf.reduce_mean(tf.reduce_sum(1 + log_var - tf.square(mean) - tf.exp(log_var), axis=1))
        self.add_loss(0.1 * kl)
        eps = tf.random.normal(shape=tf.shape(mean))
        return mean + tf.exp(0.5 * log_var) * eps


class VAE(Model):
    def __init__(self, dim, latent):
        super().__init__()
        self.enc = layers.Dense(12, activation="relu")
        self.mean, self.log_var = layers.Dense(latent), layers.Dense(latent)
        self.sampling = Sampling()
        self.dec = tf.keras.Sequential([layers.Dense(12, activation="relu"), layers.Dense(dim)])
        self.seen = []

    def call(self, x):
        h = self.enc(x)
        return self.dec(self.sampling([self.mean(h), self.log_var(h)]))

    def train_step(self, data):
        x, _ = data
        with tf.GradientTape() as tape:
            out = self(x, training=True)
            loss = self.compute_loss(x, x, out)
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        for m in self.metrics:
            m.update_state(loss) if m.name == "loss" else m.update_state(x, out)
        return {m.name: m.result() for m in self.metrics}


x = np.random.default_rng(0).normal(size=(32, 6)).astype("float32")
vae = VAE(6, 2)
vae.compile(optimizer="adam", loss=losses.MeanSquaredError(), run_eagerly=True)
hist = vae.fit(x, x, epochs=2, batch_size=16, verbose=0)
recon = vae.predict(x, verbose=0)
print(hist.history["loss"], np.mean((x - recon) ** 2))
