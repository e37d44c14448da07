"""Tempts: image.assign(clip(image)) every step, a frozen extractor (trainable False) whose weights are no sources, targets computed before the tape."""
import tensorflow as tf
from tensorflow import keras

keras.utils.set_random_seed(42)


def backbone():
    return keras.Sequential([
        keras.Input((16, 16, 3)),
        keras.layers.Conv2D(4, 3, activation="relu", name="block1"),
        keras.layers.AveragePooling2D(2),
        keras.layers.Conv2D(6, 3, activation="relu", name="block2"),
    ])


def gram_matrix(t):
    result = tf.linalg.einsum("bijc,bijd->bcd", t, t)
    h_w = tf.cast(tf.shape(t)[1] * tf.shape(t)[2], tf.float32)
    return result / h_w


class StyleContentModel(keras.Model):
    def __init__(self, style_layers, content_layers):
        super().__init__()
        net = backbone()
        outputs = [net.get_layer(n).output for n in style_layers + content_layers]
        self.net = keras.Model(net.inputs[0], outputs)
        self.net.trainable = False
        self.style_layers, self.content_layers = style_layers, content_layers

    def call(self, inputs):
        out = self.net(inputs * 2.0 - 1.0)
        k = len(self.style_layers)
        style = {n: gram_matrix(v) for n, v in zip(self.style_layers, out[:k])}
        return {"style": style, "content": dict(zip(self.content_layers, out[k:]))}


extractor = StyleContentModel(["block1"], ["block2"])
content_image, style_image = tf.random.uniform((2, 1, 16, 16, 3))
targets = {"style": extractor(style_image)["style"], "content": extractor(content_image)["content"]}
image = tf.Variable(content_image)
opt = keras.optimizers.Adam(learning_rate=0.02, beta_1=0.99, epsilon=1e-1)


def style_content_loss(outputs, weights=(("style", 1.0), ("content", 0.1))):
    return tf.add_n([w * tf.add_n([tf.reduce_mean((outputs[kind][n] - targets[kind][n]) ** 2)
                                   for n in outputs[kind]]) for kind, w in weights])


@tf.function()
def train_step(image):
    with tf.GradientTape() as tape:
        outputs = extractor(image)
        loss = style_content_loss(outputs)
        loss += 30.0 * tf.reduce_mean(tf.image.total_variation(image)) / tf.cast(tf.size(image), tf.float32)
    grad = tape.gradient(loss, image)
    opt.apply_gradients([(grad, image)])
    image.assign(tf.clip_by_value(image, clip_value_min=0.0, clip_value_max=1.0))
    return loss


opt.build([image])
for step in range(3):
    print(step, train_step(image).numpy())
