"""Tempts: img is rebound by resize, gradient ascent and clip in every octave inside a tf.function and watched anew; cast to uint8 at the very end."""
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(88)
inp = tf.keras.layers.Input((None, None, 3))
x = tf.keras.layers.Conv2D(4, 3, activation="elu", name="mixed3")(inp)
x = tf.keras.layers.Conv2D(5, 3, activation="elu", name="mixed5")(x)
base_model = tf.keras.Model(inp, x)
names = ["mixed3", "mixed5"]
dream_model = tf.keras.Model(inputs=base_model.input, outputs=[base_model.get_layer(n).output for n in names])


def deprocess(img):
    img = 255 * (img + 1.0) / 2.0
    return tf.cast(tf.clip_by_value(img, 0, 255), tf.uint8)


def calc_loss(img, model):
    img_batch = tf.expand_dims(img, axis=0)
    activations = model(img_batch)
    losses = []
    for act in activations:
        losses.append(tf.math.reduce_mean(act))
    return tf.reduce_sum(losses)


class DeepDream(tf.Module):
    def __init__(self, model):
        self.model = model

    @tf.function(input_signature=(
        tf.TensorSpec(shape=[None, None, 3], dtype=tf.float32),
        tf.TensorSpec(shape=[], dtype=tf.int32),
        tf.TensorSpec(shape=[], dtype=tf.float32),
    ))
    def __call__(self, img, steps, step_size):
        loss = tf.constant(0.0)
        for _ in tf.range(steps):
            with tf.GradientTape() as tape:
                tape.watch(img)
                loss = calc_loss(img, self.model)
            gradients = tape.gradient(loss, img)
            gradients /= tf.math.reduce_std(gradients) + 1e-8
            img = img + gradients * step_size
            img = tf.clip_by_value(img, -1, 1)
        return loss, img


def random_roll(img, maxroll):
    shift = tf.random.uniform(shape=[2], minval=-maxroll, maxval=maxroll, dtype=tf.int32)
    return shift, tf.roll(img, shift=shift, axis=[0, 1])


photo = np.random.default_rng(1).integers(0, 256, (12, 12, 3)).astype("float32")
img = tf.constant(photo / 127.5 - 1.0)
base_shape = tf.cast(tf.shape(img)[:-1], tf.float32)
dream = DeepDream(dream_model)
for n in range(-1, 2):
    new_size = tf.cast(base_shape * (1.3 ** n), tf.int32)
    img = tf.image.resize(img, new_size)
    shift, img = random_roll(img, 2)
    loss, img = dream(img, tf.constant(2), tf.constant(0.02))
    img = tf.roll(img, shift=-shift, axis=[0, 1])
    print("octave", n, tuple(img.shape), float(loss))
print(deprocess(img).numpy().mean())
