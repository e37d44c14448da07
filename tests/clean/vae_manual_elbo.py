"""Tempts: np.log(2*pi) in the density, eps drawn by NumPy, the latent rebound under one name; every factor of the ELBO keeps its tensors."""
import numpy as np
import tensorflow as tf

rng = np.random.default_rng(4)
tf.random.set_seed(4)

enc = tf.keras.Sequential([tf.keras.Input((5,)), tf.keras.layers.Dense(8, "relu"), tf.keras.layers.Dense(4)])
dec = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(8, "relu"), tf.keras.layers.Dense(5)])
params = enc.trainable_variables + dec.trainable_variables
opt = tf.keras.optimizers.Adam(1e-2)


def log_normal_pdf(sample, mean, logvar, raxis=1):
    log2pi = np.log(2.0 * np.pi).astype(np.float32)
    return tf.reduce_sum(-0.5 * ((sample - mean) ** 2.0 * tf.exp(-logvar) + logvar + log2pi), axis=raxis)


def reparameterize(mean, logvar):
    eps = rng.standard_normal(mean.shape).astype("float32")
    return eps * tf.exp(logvar * 0.5) + mean


def elbo(x):
    z = enc(x)
    mean, logvar = tf.split(z, num_or_size_splits=2, axis=1)
    z = reparameterize(mean, logvar)
    logits = dec(z)
    ce = tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=x)
    logpx_z = -tf.reduce_sum(ce, axis=1)
    logpz = log_normal_pdf(z, 0.0, 0.0)
    logqz_x = log_normal_pdf(z, mean, logvar)
    return tf.reduce_mean(logpx_z + logpz - logqz_x)


images = (rng.random((20, 5)) > 0.5).astype(np.float32)
for epoch in range(3):
    epoch_loss = tf.keras.metrics.Mean()
    for x in np.split(images, 4):
        with tf.GradientTape() as tape:
            loss = -elbo(x)
        opt.apply_gradients(zip(tape.gradient(loss, params), params))
        epoch_loss(loss)
    print(epoch, "ELBO", -epoch_loss.result().numpy(), "recon", np.round(tf.sigmoid(dec(enc(images)[:, :2])).numpy()[0]))
