"""Tempts: every number (noise, sparsity target, weight) comes from a dataclass, the mask is a bool cast, rounding is only for the report."""
from __future__ import annotations

import dataclasses
import numpy as np
import tensorflow as tf
import tensorflow.keras.layers as tfl


@dataclasses.dataclass(frozen=True)
class Config:
    code: int = 5
    drop: float = 0.2
    rho: float = 0.1
    beta: float = 0.05
    lr: float = 1e-2
    batch: int = 10
    layers: tuple[int, ...] = (12, 8)

    def with_(self, **kw) -> "Config":
        return dataclasses.replace(self, **kw)


class DenoisingAutoencoder(tf.Module):
    def __init__(self, dim: int, cfg: Config):
        self.cfg = cfg
        self.encoder = tf.keras.Sequential([tfl.Input((dim,))] + [tfl.Dense(n, "relu") for n in cfg.layers] + [tfl.Dense(cfg.code, "sigmoid")])
        self.decoder = tf.keras.Sequential([tfl.Input((cfg.code,))] + [tfl.Dense(n, "relu") for n in reversed(cfg.layers)] + [tfl.Dense(dim)])
        self.optimizer = tf.keras.optimizers.Adam(cfg.lr)

    def corrupt(self, x: tf.Tensor) -> tf.Tensor:
        mask = tf.random.uniform(tf.shape(x)) >= self.cfg.drop
        return x * tf.cast(mask, x.dtype)

    def sparsity(self, code: tf.Tensor) -> tf.Tensor:
        rho_hat = tf.clip_by_value(tf.reduce_mean(code, axis=0), 1e-4, 1 - 1e-4)
        rho = self.cfg.rho
        kl = rho * tf.math.log(rho / rho_hat) + (1 - rho) * tf.math.log((1 - rho) / (1 - rho_hat))
        return tf.reduce_sum(kl)

    def train_on(self, x: np.ndarray) -> dict[str, float]:
        params = self.encoder.trainable_variables + self.decoder.trainable_variables
        with tf.GradientTape() as tape:
            code = self.encoder(self.corrupt(x))
            reconstruction = self.decoder(code)
            parts = {"mse": tf.reduce_mean((reconstruction - x) ** 2), "kl": self.cfg.beta * self.sparsity(code)}
            loss = tf.add_n(list(parts.values()))
            binary = tf.round(code)
        self.optimizer.apply_gradients(zip(tape.gradient(loss, params), params))
        return {**{k: float(v) for k, v in parts.items()}, "on": float(tf.reduce_mean(binary))}


tf.keras.utils.set_random_seed(30)
cfg = Config().with_(beta=0.1)
X = np.random.default_rng(0).normal(size=(30, 7)).astype(np.float32)
net = DenoisingAutoencoder(X.shape[1], cfg)
for epoch in range(2):
    stats = [net.train_on(X[i:i + cfg.batch]) for i in range(0, len(X), cfg.batch)]
    print(epoch, {k: round(np.mean([s[k] for s in stats]).item(), 4) for k in stats[0]})
