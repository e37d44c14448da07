"""Tempts: argmax picks the class, int() of it, and the source is a layer output - but of the same forward pass of a two-output model."""
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers, models

tf.keras.utils.set_random_seed(31)


def make_cnn():
    image = layers.Input((12, 12, 1))
    x = layers.Conv2D(4, 3, activation="relu", name="conv1")(image)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(6, 3, activation="relu", name="last_conv")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return models.Model(image, layers.Dense(3, name="logits")(x))


def make_gradcam_heatmap(image, model, layer_name, class_index=None):
    grad_model = models.Model(model.inputs, [model.get_layer(layer_name).output, model.output])
    with tf.GradientTape() as tape:
        feature_maps, predictions = grad_model(image)
        if class_index is None:
            class_index = tf.argmax(predictions[0])
        class_channel = predictions[:, class_index]
    grads = tape.gradient(class_channel, feature_maps)
    pooled = tf.reduce_mean(grads, axis=(0, 1, 2))
    heatmap = tf.squeeze(feature_maps[0] @ pooled[..., tf.newaxis])
    heatmap = tf.maximum(heatmap, 0) / (tf.math.reduce_max(heatmap) + 1e-8)
    return heatmap.numpy()


def saliency(image, model):
    image = tf.convert_to_tensor(image)
    with tf.GradientTape() as tape:
        tape.watch(image)
        scores = model(image)
        top = int(np.argmax(scores.numpy()[0]))
        score = scores[0, top]
    return tf.reduce_max(tf.abs(tape.gradient(score, image)), axis=-1)[0].numpy()


cnn = make_cnn()
photo = np.random.default_rng(2).random((1, 12, 12, 1)).astype(np.float32)
predicted = int(np.argmax(cnn.predict(photo, verbose=0)))
cam = make_gradcam_heatmap(photo, cnn, "last_conv")
cam_other = make_gradcam_heatmap(photo, cnn, "last_conv", class_index=(predicted + 1) % 3)
print(predicted, cam.shape, np.abs(cam - cam_other).max(), saliency(photo, cnn).argmax())
