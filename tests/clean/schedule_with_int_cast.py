"""Tempts: a learning-rate schedule full of casts to int, floor and minimum, called while training; none of it is on the way from weights to loss."""
import math

import numpy as np
import tensorflow as tf


class WarmupCosine(tf.keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, peak, warmup, total, restarts=2):
        self.peak, self.warmup, self.total, self.restarts = peak, warmup, total, restarts

    def __call__(self, step):
        step = tf.cast(step, tf.float32)
        warm = self.peak * step / tf.maximum(1.0, float(self.warmup))
        progress = (step - self.warmup) / float(max(1, self.total - self.warmup))
        cycle = tf.cast(tf.floor(progress * self.restarts), tf.int32)
        progress = progress * self.restarts - tf.cast(cycle, tf.float32)
        cosine = 0.5 * self.peak * (1.0 + tf.cos(math.pi * progress))
        return tf.where(step < self.warmup, warm, cosine)

    def get_config(self):
        return {"peak": self.peak, "warmup": self.warmup, "total": self.total, "restarts": self.restarts}


def noam(step, d_model=16, warmup=4):
    step = int(step) + 1
    return d_model ** -0.5 * min(step ** -0.5, step * warmup ** -1.5)


tf.random.set_seed(0)
schedule = WarmupCosine(0.1, warmup=2, total=8)
optimizer = tf.keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True)
layer = tf.keras.layers.Dense(2)
x = tf.random.normal((20, 3))
labels = tf.cast(tf.round(tf.sigmoid(x[:, 0] + x[:, 1])), tf.int64)
global_step = tf.Variable(0, dtype=tf.int64, trainable=False, name="global_step")
lrs = []

for _ in range(6):
    with tf.GradientTape() as tape:
        lr = schedule(global_step)
        logits = layer(x)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        weight_decay = 1e-4 * tf.nn.l2_loss(layer.kernel)
        loss = loss + weight_decay
        global_step.assign_add(1)
        lrs.append((int(global_step), float(lr), noam(global_step)))
    grads = tape.gradient(loss, layer.trainable_variables)
    optimizer.apply_gradients(zip(grads, layer.trainable_variables))
    if int(global_step.numpy()) % 2 == 0:
        print(f"step {int(global_step)} lr {lrs[-1][1]:.4f} loss {loss.numpy():.4f}")
print(np.round([l for _, l, _ in lrs], 4).tolist())
