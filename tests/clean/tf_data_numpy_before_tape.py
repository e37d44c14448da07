"""Tempts: numpy_function, py_function with .numpy(), string ops and one_hot fill the input pipeline; the tape only ever sees what comes out of it."""
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(70)
CLASSES = ["cat", "dog", "emu"]
rows = [f"{CLASSES[i % 3]},{i % 7},{(i * 3) % 11}" for i in range(24)]


def augment(v):
    v = v + np.random.default_rng(int(abs(v).sum() * 100)).normal(scale=0.05, size=v.shape)
    return v.astype(np.float32)


def rank_labels(label):
    return np.argsort(-label).astype(np.int64)


def py_scale(v):
    v = v.numpy()
    return tf.constant((v - v.mean()) / (v.std() + 1e-6))


def parse(line):
    parts = tf.strings.split(line, ",")
    label = tf.argmax(tf.cast(tf.equal(parts[0], CLASSES), tf.int32))
    numbers = tf.strings.to_number(parts[1:])
    features = tf.concat([numbers, tf.round(numbers / 2.0), tf.cast(numbers > 4.0, tf.float32)], axis=0)
    features = tf.numpy_function(augment, [features], tf.float32)
    features = tf.py_function(py_scale, [features], tf.float32)
    features = tf.ensure_shape(features, (6,))
    onehot = tf.one_hot(label, len(CLASSES))
    order = tf.numpy_function(rank_labels, [onehot], tf.int64)
    return features, {"onehot": onehot, "order": tf.ensure_shape(order, (3,))}


dataset = tf.data.Dataset.from_tensor_slices(rows).map(parse).batch(8)
model = tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(8, "relu"), tf.keras.layers.Dense(3)])
optimizer = tf.keras.optimizers.Nadam(1e-2)
mean_loss = tf.metrics.Mean()


def step(features, labels):
    with tf.GradientTape() as tape:
        logits = model(features, training=True)
        loss = tf.nn.softmax_cross_entropy_with_logits(labels=labels["onehot"], logits=logits)
        ranked = tf.gather(logits, labels["order"], batch_dims=1)
        hinge = tf.nn.relu(0.1 - ranked[:, :1] + ranked[:, 1:])
        loss = tf.reduce_mean(loss) + tf.reduce_mean(hinge)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


for epoch in range(2):
    mean_loss.reset_state()
    for features, labels in dataset:
        mean_loss(step(features, labels))
    print(epoch, mean_loss.result().numpy())
