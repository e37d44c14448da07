"""Tempts: x is rebound every step (x = clip(x + eps * sign(g))) and is the source, but it is watched again each time before use."""
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers as kl

tf.random.set_seed(13)
net = tf.keras.Sequential([kl.Input((8, 8, 1)), kl.Conv2D(4, 3, activation="elu"), kl.Flatten(), kl.Dense(3)])
xent = tf.losses.SparseCategoricalCrossentropy(from_logits=True)


def fgsm(x, label, eps=0.05):
    x = tf.cast(x, tf.float32) / 255.0
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = xent(label, net(x))
    signed = tf.sign(tape.gradient(loss, x))
    x = x + eps * signed
    x = tf.clip_by_value(x, 0.0, 1.0)
    return x


def iterative(x, label, eps=0.05, alpha=0.02, iters=4):
    x = tf.cast(x, tf.float32) / 255.0
    original = x
    trace = []
    for _ in range(iters):
        with tf.GradientTape() as tape:
            tape.watch(x)
            logits = net(x)
            loss = xent(label, logits)
            trace.append(loss.numpy())
        x = x + alpha * tf.sign(tape.gradient(loss, x))
        x = original + tf.clip_by_value(x - original, -eps, eps)
        x = tf.clip_by_value(x, 0.0, 1.0)
        if int(tf.argmax(logits, axis=1)[0]) != int(label[0]):
            break
    return x, trace


img = np.random.default_rng(0).integers(0, 256, size=(1, 8, 8, 1), dtype=np.uint8)
true = net.predict_on_batch(img / 255.0).argmax(axis=1)
adv = fgsm(img, true)
adv2, losses = iterative(img, true)
print("prediction", true, "->", net(adv).numpy().argmax(1), net(adv2).numpy().argmax(1))
print("loss", np.round(losses, 3), "linf", np.abs(adv2.numpy() - img / 255.0).max())
