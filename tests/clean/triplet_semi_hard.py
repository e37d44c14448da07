"""Tempts: mining picks indices by argmax/argmin over distances (numpy, under the tape); the loss gathers from live embeddings with them."""
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers, regularizers

tf.random.set_seed(14)
embed = tf.keras.Sequential([
    layers.Input((5,)),
    layers.Dense(16, activation="relu", kernel_regularizer=regularizers.l2(1e-3)),
    layers.Dense(4),
    layers.UnitNormalization(),
])
opt = tf.keras.optimizers.Adam(1e-2)


def pairwise_sq(e):
    dots = tf.matmul(e, e, transpose_b=True)
    sq = tf.linalg.diag_part(dots)
    return tf.maximum(sq[:, None] - 2.0 * dots + sq[None, :], 0.0)


def mine(distances, labels):
    """Hardest positive and hardest negative, as indices."""
    d = np.array(distances)
    same = labels[:, None] == labels[None, :]
    pos = np.where(same, d, -np.inf).argmax(axis=1)
    neg = np.where(same, np.inf, d).argmin(axis=1)
    return pos, neg


def batch_hard(e, labels, margin=0.3):
    pos, neg = mine(pairwise_sq(e), labels)
    ap = tf.reduce_sum(tf.square(e - tf.gather(e, pos)), axis=1)
    an = tf.reduce_sum(tf.square(e - tf.gather(e, neg)), axis=1)
    losses = tf.nn.relu(ap - an + margin)
    active = tf.math.count_nonzero(losses > 0)
    return tf.math.divide_no_nan(tf.reduce_sum(losses), tf.cast(active, tf.float32)), int(active)


rng = np.random.RandomState(4)
centres = rng.randn(4, 5)
for step in range(4):
    labels = rng.randint(0, 4, size=24)
    x = (centres[labels] + 0.5 * rng.randn(24, 5)).astype("float32")
    with tf.GradientTape() as tape:
        e = embed(x, training=True)
        loss, active = batch_hard(e, labels)
        total = loss + sum(embed.losses)
    opt.apply_gradients(zip(tape.gradient(total, embed.trainable_variables), embed.trainable_variables))
    print(step, float(loss), f"{active}/24 active", np.linalg.norm(e.numpy(), axis=1).mean())
