"""Tempts: casts between float16 and float32 on the path, a loss multiplied by a scale and gradients of the scaled loss; LossScaleOptimizer unscales."""
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import mixed_precision

keras.utils.set_random_seed(15)
mixed_precision.set_global_policy("mixed_float16")

inputs = keras.Input(shape=(6,), name="digits")
x = keras.layers.Dense(16, activation="relu")(inputs)
x = keras.layers.Dense(16, activation="relu")(x)
x = keras.layers.Dense(3)(x)
outputs = keras.layers.Activation("softmax", dtype="float32")(x)
model = keras.Model(inputs, outputs)

optimizer = mixed_precision.LossScaleOptimizer(keras.optimizers.Adam(1e-2), initial_scale=2.0 ** 10)
optimizer.build(model.trainable_variables)
loss_object = keras.losses.SparseCategoricalCrossentropy()
accuracy = keras.metrics.SparseCategoricalAccuracy()


@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        loss = loss_object(y, predictions)
        scaled_loss = optimizer.scale_loss(loss)
    scaled = tape.gradient(scaled_loss, model.trainable_variables)
    optimizer.apply_gradients(zip(scaled, model.trainable_variables))
    accuracy.update_state(y, predictions)
    return loss


rng = np.random.default_rng(3)
features = rng.integers(-5, 6, size=(32, 6))
labels = features[:, :3].argmax(axis=1).astype(np.uint8)
dataset = (tf.data.Dataset.from_tensor_slices((features, labels))
           .map(lambda f, l: (tf.cast(f, tf.float16) / 5.0, tf.cast(l, tf.int32)))
           .cache().shuffle(32, seed=0).batch(16).prefetch(tf.data.AUTOTUNE))
for epoch in range(2):
    accuracy.reset_state()
    for xb, yb in dataset:
        loss = train_step(xb, yb)
    print(epoch, float(loss), accuracy.result().numpy(), model.layers[1].kernel.dtype)

probe = tf.constant(features[:4] / 5.0, dtype=tf.float32)
with tf.GradientTape() as tape:
    tape.watch(probe)
    half = tf.cast(probe, tf.float16)
    confidence = tf.reduce_max(model(half), axis=1)
print(tape.gradient(confidence, probe).numpy().round(3).tolist())
mixed_precision.set_global_policy("float32")
