"""Tempts: unusual imports (Tape alias, compat.v2, bare keras, keras.ops, reduce_mean by name) and a keras.Variable that is read, converted and assigned."""
import keras
import numpy as np
import tensorflow.compat.v2 as tf2
from keras import ops as K
from tensorflow import GradientTape as Tape, Variable, reduce_mean as mean
from tensorflow.math import log1p, softplus as sp

keras.utils.set_random_seed(82)
temperature = keras.Variable(1.5, name="temperature")
offsets = Variable(np.zeros(3, dtype=np.float32))
net = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(6, activation=keras.activations.gelu), keras.layers.Dense(3)])
sgd = keras.optimizers.SGD(learning_rate=0.1)


def calibrated(x):
    return K.divide(net(x) + offsets, sp(temperature.value))


def brier(labels, logits):
    probs = K.softmax(logits, axis=-1)
    return K.mean(K.sum(K.square(probs - K.one_hot(labels, 3)), axis=-1))


x = K.convert_to_tensor(np.random.default_rng(0).normal(size=(18, 4)), dtype="float32")
labels = K.argmax(x[:, :3], axis=-1)
sources = [temperature, offsets, *net.trainable_variables]
for step in range(3):
    with Tape() as t:
        logits = calibrated(x)
        loss = brier(labels, logits)
        loss += 0.01 * mean(log1p(K.exp(-K.abs(logits))))
        confidence = K.convert_to_numpy(K.max(K.softmax(logits), axis=-1))
    g_temp, g_off, *g_net = t.gradient(loss, sources)
    temperature.assign(temperature - 0.5 * g_temp)
    offsets.assign_sub(0.5 * g_off)
    sgd.apply(g_net, net.trainable_variables)
    print(step, float(loss), confidence.mean().round(3), float(temperature))


class Swish(keras.layers.Layer):
    def build(self, shape):
        self.beta = self.add_weight(shape=(), initializer="ones")

    def call(self, v):
        return v * K.sigmoid(self.beta * v)


act, v = Swish(), tf2.constant([1.0, -2.0, 0.5])
with Tape() as first, Tape(watch_accessed_variables=False) as second:
    second.watch(v)
    y = K.sum(act(v))
(d_beta,), d_v = first.gradient(y, act.trainable_weights), second.gradient(y, v)
print(float(d_beta), K.convert_to_numpy(d_v).round(3))
