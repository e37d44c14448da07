"""Tempts: losses in a list and a dict with None in it, a frozen base behind stop_gradient, a head for later, zero loss weights."""
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

keras.utils.set_random_seed(12)
x = np.random.default_rng(12).normal(size=(16, 5)).astype("float32")
y = np.round(np.abs(x[:, :1]))


def base():
    return keras.Sequential([keras.Input((5,)), layers.Dense(6, activation="relu")], name="base")


def two_heads(trunk):
    inputs = keras.Input((5,))
    h = trunk(inputs)
    return keras.Model(inputs, [layers.Dense(1, name="now")(h), layers.Dense(2, name="later")(h)])


model = two_heads(base())
model.compile("sgd", loss=["mae", None])
model.fit(x, [y, np.zeros((16, 2))], verbose=0)

model = two_heads(base())
model.compile("sgd", loss={"now": keras.losses.Huber(), "later": lambda t, p: tf.reduce_mean(tf.square(p - t), -1)}, loss_weights={"now": 1.0, "later": 0.0})
model.fit(x, {"now": y, "later": np.zeros((16, 2))}, verbose=0)

frozen = base()
frozen.trainable = False
model = two_heads(frozen)
model.compile("sgd", loss="mse")
model.fit(x, [y, np.zeros((16, 2))], verbose=0)


class Probe(keras.Model):
    def __init__(self, trunk):
        super().__init__()
        self.trunk, self.head = trunk, layers.Dense(1)

    def call(self, inputs):
        return self.head(tf.stop_gradient(self.trunk(inputs)))


probe = Probe(base())
probe.compile("adam", loss="mse")
probe.fit(x, y, verbose=0)
print(int(np.argmax(probe.predict(x, verbose=0))))
