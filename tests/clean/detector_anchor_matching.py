"""Tempts: IoU, argmax matching, thresholds, non-max suppression and boolean masks choose the targets from labels; predictions only meet smooth losses."""
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers as L

tf.keras.utils.set_random_seed(55)
ANCHORS = tf.constant([[i * 0.25, j * 0.25, i * 0.25 + 0.3, j * 0.25 + 0.3] for i in range(3) for j in range(3)])
N = ANCHORS.shape[0]


def iou(a, b):
    a, b = a[:, None], b[None]
    tl, br = tf.maximum(a[..., :2], b[..., :2]), tf.minimum(a[..., 2:], b[..., 2:])
    inter = tf.reduce_prod(tf.maximum(br - tl, 0.0), axis=-1)
    area = lambda t: tf.reduce_prod(t[..., 2:] - t[..., :2], axis=-1)
    return inter / (area(a) + area(b) - inter + 1e-9)


def assign_targets(boxes, classes, threshold=0.2):
    overlaps = iou(ANCHORS, boxes)
    best = tf.argmax(overlaps, axis=1)
    positive = tf.reduce_max(overlaps, axis=1) > threshold
    cls = tf.where(positive, tf.gather(classes, best), tf.zeros_like(best, dtype=classes.dtype))
    offsets = tf.gather(boxes, best) - ANCHORS
    return tf.cast(cls, tf.int32), offsets, tf.cast(positive, tf.float32)


def focal(labels, logits, gamma=2.0):
    onehot = tf.one_hot(labels, 3)
    ce = tf.nn.softmax_cross_entropy_with_logits(onehot, logits)
    pt = tf.reduce_sum(onehot * tf.nn.softmax(logits), axis=-1)
    return tf.reduce_sum((1.0 - pt) ** gamma * ce)


def smooth_l1(diff):
    mag = tf.abs(diff)
    return tf.reduce_sum(tf.where(mag < 0.1, 5.0 * mag ** 2, mag - 0.05), axis=-1)


net = tf.keras.Sequential([L.Input((12, 12, 1)), L.Conv2D(4, 3, 2, activation="relu"), L.Flatten(), L.Dense(N * 7), L.Reshape((N, 7))])
opt = tf.keras.optimizers.Adam(1e-3)
rng = np.random.default_rng(1)
for step in range(3):
    corner = rng.uniform(0, 0.5, (2, 2))
    boxes = np.concatenate([corner, corner + 0.35], axis=1).astype(np.float32)
    classes = rng.integers(1, 3, 2)
    image = rng.random((1, 12, 12, 1)).astype(np.float32)
    with tf.GradientTape() as tape:
        cls_t, box_t, pos = assign_targets(tf.constant(boxes), tf.constant(classes))
        out = net(image)[0]
        logits, offsets = out[:, :3], out[:, 3:]
        n_pos = tf.maximum(tf.reduce_sum(pos), 1.0)
        loss = (focal(cls_t, logits) + tf.reduce_sum(pos * smooth_l1(offsets - box_t))) / n_pos
        kept = tf.image.non_max_suppression(tf.stop_gradient(ANCHORS + offsets), tf.reduce_max(tf.nn.softmax(logits)[:, 1:], axis=1), 3)
    opt.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
    print(step, float(loss), int(n_pos), kept.numpy().tolist())
