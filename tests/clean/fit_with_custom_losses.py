"""Tempts: no tape in sight: compile/fit with a pinball loss, label argsort for a listwise loss, class weights by numpy, metrics that round and threshold."""
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

keras.utils.set_random_seed(47)


def pinball(quantile):
    def loss(y_true, y_pred):
        y_true = tf.cast(y_true, y_pred.dtype)
        error = y_true - y_pred
        return tf.reduce_mean(tf.where(error >= 0, quantile * error, (quantile - 1.0) * error), axis=-1)
    loss.__name__ = f"pinball_{int(quantile * 100)}"
    return loss


def listmle(y_true, y_pred):
    """Plackett-Luce likelihood of the order that the labels give."""
    order = tf.argsort(y_true, axis=-1, direction="DESCENDING")
    ranked = tf.gather(y_pred, order, axis=1, batch_dims=1)
    tails = tf.math.cumulative_logsumexp(ranked, axis=1, reverse=True)
    return tf.reduce_sum(tails - ranked, axis=1)


def rounded_accuracy(y_true, y_pred):
    return tf.reduce_mean(tf.cast(tf.equal(tf.round(y_true), tf.round(y_pred)), tf.float32))


def top_hit(y_true, y_pred):
    return tf.cast(tf.equal(tf.argmax(y_true, 1), tf.argmax(y_pred, 1)), tf.float32)


class Smoothness(keras.regularizers.Regularizer):
    def __call__(self, w):
        return 1e-3 * tf.reduce_sum(tf.square(w[1:] - w[:-1]))


class PrintLoss(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print(epoch, {k: round(float(v), 3) for k, v in (logs or {}).items()})


rng = np.random.default_rng(47)
x = rng.normal(size=(40, 5)).astype("float32")
relevance = rng.integers(0, 5, size=(40, 4))
amount = np.abs(x[:, :1] * 3).astype("float32")
weights = np.where(amount[:, 0] > 2, 2.0, 1.0)

inputs = layers.Input((5,))
h = layers.Dense(10, activation="relu", kernel_regularizer=Smoothness())(inputs)
outputs = {
    "low": layers.Dense(1, name="low")(h),
    "high": layers.Dense(1, name="high")(h),
    "ranking": layers.Dense(4, name="ranking", use_bias=True, activation="tanh")(h),
}
model = keras.Model(inputs, outputs)
model.compile(
    optimizer=keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(1e-2, 10, 0.9), clipnorm=1.0),
    loss={"low": pinball(0.1), "high": pinball(0.9), "ranking": listmle},
    metrics={"low": [rounded_accuracy], "ranking": [top_hit]},
)
targets = {"low": amount, "high": amount, "ranking": relevance.astype("float32")}
model.fit(x, targets, sample_weight={"low": weights, "high": weights, "ranking": np.ones(40)}, epochs=2, batch_size=20, verbose=0, callbacks=[PrintLoss()])
pred = model.predict(x[:3], verbose=0)
print({k: v.round(2).tolist() for k, v in pred.items()}, np.argsort(-pred["ranking"], axis=1).tolist())
