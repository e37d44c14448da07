"""Tempts: train_step that calls super, compute_loss with thresholded labels, metrics fed by argmax, a numpy schedule in a callback, run_eagerly with .numpy() in a log line."""
import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(21)


class Smoothed(keras.Model):
    def __init__(self, classes):
        super().__init__()
        self.classes = classes
        self.hidden = keras.layers.Dense(8, activation="gelu")
        self.out = keras.layers.Dense(classes)
        self.hits = keras.metrics.Mean(name="hits")
        self.log = []

    def call(self, x, training=False):
        h = self.hidden(x)
        if training:
            h = h + tf.random.normal(tf.shape(h)) * 0.1
        return self.out(h)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        labels = tf.one_hot(tf.cast(y, tf.int32), self.classes) * 0.9 + 0.1 / self.classes
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels, y_pred))
        right = tf.cast(tf.equal(tf.argmax(y_pred, -1), tf.cast(y, tf.int64)), tf.float32)
        self.hits.update_state(right)
        if not isinstance(loss, keras.KerasTensor) and tf.executing_eagerly():
            self.log.append(float(loss.numpy()))
        return loss + sum(self.losses)

    def train_step(self, data):
        x, y = data
        x = x + tf.round(tf.random.normal(tf.shape(x))) * 0.01
        return {**super().train_step((x, y)), "hits": self.hits.result()}


class Schedule(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate.assign(float(0.01 * np.exp(-epoch)))


x = np.random.default_rng(21).normal(size=(24, 5)).astype("float32")
y = np.argmax(x[:, :3], axis=1)
for eagerly in (False, True):
    net = Smoothed(3)
    net.compile(optimizer="adam", run_eagerly=eagerly)
    net.fit(x, y, epochs=2, batch_size=8, verbose=0, callbacks=[Schedule()])
    print(len(net.log), float(net.hits.result()))
