"""Tempts: int timesteps gathered from numpy schedules, an EMA network by assign in train_step, images rounded to uint8 only when sampling."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(101)
T = 20
betas = np.linspace(1e-3, 0.2, T, dtype=np.float32)
alphas = 1.0 - betas
alpha_bar = np.cumprod(alphas)
SQRT_AB, SQRT_1M_AB = tf.constant(np.sqrt(alpha_bar)), tf.constant(np.sqrt(1.0 - alpha_bar))


def time_embedding(t, dim=8):
    freq = np.exp(-np.log(10000.0) * np.arange(dim // 2) / (dim // 2)).astype("float32")
    angle = tf.cast(t, tf.float32)[:, None] * freq[None]
    return tf.concat([tf.sin(angle), tf.cos(angle)], axis=-1)


class Denoiser(keras.Model):
    def __init__(self, dim):
        super().__init__()
        self.inp, self.time = keras.layers.Dense(24), keras.layers.Dense(24)
        self.mid = keras.layers.Dense(24, activation="swish")
        self.out = keras.layers.Dense(dim)

    def call(self, x, t):
        h = tf.nn.swish(self.inp(x) + self.time(time_embedding(t)))
        return self.out(h + self.mid(h))


class Diffusion(keras.Model):
    def __init__(self, dim, ema=0.9):
        super().__init__()
        self.network, self.ema_network, self.ema = Denoiser(dim), Denoiser(dim), ema
        for net in (self.network, self.ema_network):
            net(tf.zeros((1, dim)), tf.zeros((1,), tf.int32))
        self.ema_network.set_weights(self.network.get_weights())
        self.ema_network.trainable = False

    def train_step(self, x0):
        n = tf.shape(x0)[0]
        t = tf.random.uniform((n,), 0, T, dtype=tf.int32)
        noise = tf.random.normal(tf.shape(x0))
        with tf.GradientTape() as tape:
            x_t = tf.gather(SQRT_AB, t)[:, None] * x0 + tf.gather(SQRT_1M_AB, t)[:, None] * noise
            loss = tf.reduce_mean(self.loss(noise, self.network(x_t, t)))
        grads = tape.gradient(loss, self.network.trainable_weights)
        self.optimizer.apply_gradients(zip(grads, self.network.trainable_weights))
        for w, e in zip(self.network.weights, self.ema_network.weights):
            e.assign(self.ema * e + (1 - self.ema) * w)
        return {"noise_loss": loss}

    def sample(self, n, dim):
        x = tf.random.normal((n, dim))
        for i in reversed(range(T)):
            eps = self.ema_network(x, tf.fill((n,), i))
            x = (x - betas[i] / np.sqrt(1 - alpha_bar[i]) * eps) / np.sqrt(alphas[i])
            if i > 0:
                x = x + np.sqrt(betas[i]) * tf.random.normal(x.shape)
        return tf.cast(tf.round(tf.clip_by_value(x, -1, 1) * 127.5 + 127.5), tf.uint8).numpy()


data = np.tile(np.array([[1, -1, 1, -1]], dtype="float32"), (32, 1))
model = Diffusion(4)
model.compile(optimizer=keras.optimizers.AdamW(1e-2), loss=keras.losses.mae)
print(model.fit(data, epochs=2, batch_size=16, verbose=0).history, model.sample(2, 4).tolist())
