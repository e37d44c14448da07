"""Tempts: argmin chooses a code, one_hot and gather look it up, stop_gradient appears three times, usage counters are assigned inside call."""
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.keras.utils.set_random_seed(65)


class VectorQuantizer(layers.Layer):
    def __init__(self, num_codes, dim, beta=0.25, **kw):
        super().__init__(**kw)
        self.num_codes, self.dim, self.beta = num_codes, dim, beta
        self.codebook = self.add_weight(shape=(dim, num_codes), initializer="random_uniform", trainable=True, name="codebook")
        self.usage = self.add_weight(shape=(num_codes,), initializer="zeros", trainable=False, name="usage")

    def code_indices(self, flat):
        similarity = tf.matmul(flat, self.codebook)
        distances = tf.reduce_sum(flat ** 2, axis=1, keepdims=True) + tf.reduce_sum(self.codebook ** 2, axis=0) - 2 * similarity
        return tf.argmin(distances, axis=1)

    def call(self, x):
        flat = tf.reshape(x, [-1, self.dim])
        idx = self.code_indices(flat)
        encodings = tf.one_hot(idx, self.num_codes)
        self.usage.assign_add(tf.reduce_sum(encodings, axis=0))
        quantised = tf.reshape(tf.matmul(encodings, self.codebook, transpose_b=True), tf.shape(x))
        commitment = tf.reduce_mean((tf.stop_gradient(quantised) - x) ** 2)
        codebook_loss = tf.reduce_mean((quantised - tf.stop_gradient(x)) ** 2)
        self.add_loss(self.beta * commitment + codebook_loss)
        return x + tf.stop_gradient(quantised - x)


encoder = tf.keras.Sequential([layers.Input((8,)), layers.Dense(16, "relu"), layers.Dense(6), layers.Reshape((2, 3))])
decoder = tf.keras.Sequential([layers.Input((2, 3)), layers.Flatten(), layers.Dense(16, "relu"), layers.Dense(8)])
vq = VectorQuantizer(10, 3)
inputs = layers.Input((8,))
vqvae = tf.keras.Model(inputs, decoder(vq(encoder(inputs))))
optimizer = tf.keras.optimizers.Adam(1e-2)
x = np.random.default_rng(5).normal(size=(48, 8)).astype(np.float32)
variance = np.var(x)

for epoch in range(2):
    for batch in np.array_split(x, 3):
        with tf.GradientTape() as tape:
            reconstruction = vqvae(batch, training=True)
            mse = tf.reduce_mean((batch - reconstruction) ** 2) / variance
            loss = mse + tf.add_n(vqvae.losses)
        grads = tape.gradient(loss, vqvae.trainable_variables)
        optimizer.apply_gradients(zip(grads, vqvae.trainable_variables))
    p = vq.usage.numpy() / vq.usage.numpy().sum()
    perplexity = np.exp(-np.sum(p * np.log(p + 1e-10)))
    print(epoch, float(mse), float(loss), "perplexity", perplexity)
codes = vq.code_indices(tf.reshape(encoder.predict(x[:4], verbose=0), (-1, 3)))
print(codes.numpy().tolist())
