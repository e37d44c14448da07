"""Tempts: a frozen backbone on purpose (trainable = False, training=False), then unfreezing its last block; the list of sources follows each phase."""
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

keras.utils.set_random_seed(6)

base = keras.Sequential([
    layers.Input((10, 10, 3)),
    layers.Conv2D(4, 3, activation="relu", name="stem"),
    layers.BatchNormalization(name="bn"),
    layers.Conv2D(6, 3, activation="relu", name="top"),
    layers.GlobalAveragePooling2D(),
], name="base")
base.trainable = False

inputs = keras.Input((10, 10, 3))
x = layers.Rescaling(1.0 / 127.5, offset=-1.0)(inputs)
x = base(x, training=False)
x = layers.Dropout(0.2)(x)
outputs = layers.Dense(1)(x)
model = keras.Model(inputs, outputs)

rng = np.random.default_rng(0)
images = rng.integers(0, 256, (16, 10, 10, 3)).astype("uint8")
labels = (images.mean(axis=(1, 2, 3)) > 127).astype("int64")
loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)
acc = keras.metrics.BinaryAccuracy(threshold=0.0)


def run_phase(name, optimizer, epochs):
    trainables = model.trainable_variables
    print(name, [v.path for v in trainables])
    for _ in range(epochs):
        for start in range(0, 16, 8):
            xb = tf.cast(images[start:start + 8], tf.float32)
            yb = labels[start:start + 8, None]
            with tf.GradientTape() as tape:
                logits = model(xb, training=True)
                value = loss_fn(yb, logits)
                acc.update_state(yb, logits)
            grads = tape.gradient(value, trainables)
            optimizer.apply_gradients(zip(grads, trainables))
        print("  loss", float(value), "acc", float(acc.result()))
        acc.reset_state()


run_phase("head only", keras.optimizers.Adam(1e-2), epochs=1)

base.trainable = True
for layer in base.layers:
    layer.trainable = layer.name == "top"
run_phase("fine tune", keras.optimizers.Adam(1e-4), epochs=2)
print(model.predict(images[:2], verbose=0).round(2).tolist())
