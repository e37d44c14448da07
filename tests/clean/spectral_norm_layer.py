"""Tempts: call() assigns the power-iteration vectors u and v between reading the kernel and using it, with stop_gradient on them but not on the kernel."""
import tensorflow as tf
from tensorflow import keras


class SpectralDense(keras.layers.Layer):
    def __init__(self, units, power_iterations=1, activation=None):
        super().__init__()
        self.units, self.power_iterations = units, power_iterations
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="orthogonal", name="w")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")
        self.u = self.add_weight(shape=(1, self.units), initializer="random_normal", trainable=False, name="u")
        self.calls = self.add_weight(shape=(), initializer="zeros", dtype="int32", trainable=False, name="calls")

    def normalised(self, training):
        w = tf.convert_to_tensor(self.w)
        u = tf.convert_to_tensor(self.u)
        frozen = tf.stop_gradient(w)
        for _ in range(self.power_iterations):
            v = tf.math.l2_normalize(tf.matmul(u, frozen, transpose_b=True))
            u = tf.math.l2_normalize(tf.matmul(v, frozen))
        if training:
            self.u.assign(u)
            self.calls.assign_add(1)
        sigma = tf.matmul(tf.matmul(tf.stop_gradient(v), w), tf.stop_gradient(u), transpose_b=True)
        return w / tf.reshape(sigma, ())

    def call(self, x, training=False):
        return self.activation(x @ self.normalised(training) + self.b)


class RunningScale(keras.layers.Layer):
    """Batch standardisation with hand-made running statistics."""

    def build(self, shape):
        self.mean = self.add_weight(shape=(shape[-1],), initializer="zeros", trainable=False)
        self.var = self.add_weight(shape=(shape[-1],), initializer="ones", trainable=False)
        self.gain = self.add_weight(shape=(shape[-1],), initializer="ones")

    def call(self, x, training=False):
        mean, var = tf.nn.moments(x, axes=[0])
        if training:
            self.mean.assign(0.9 * self.mean + 0.1 * mean)
            self.var.assign(0.9 * self.var + 0.1 * var)
        else:
            mean, var = tf.convert_to_tensor(self.mean), tf.convert_to_tensor(self.var)
        return self.gain * (x - mean) * tf.math.rsqrt(var + 1e-5)


keras.utils.set_random_seed(27)
model = keras.Sequential([keras.Input((5,)), SpectralDense(8, 2), RunningScale(), keras.layers.Activation("elu"), SpectralDense(3)])
x = tf.random.normal((20, 5))
y = tf.argmax(tf.matmul(x, tf.random.normal((5, 3))), axis=1)
model.compile(optimizer=keras.optimizers.Adam(1e-2), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(x, y, batch_size=10, epochs=1, verbose=0)
for training in (True, False):
    with tf.GradientTape() as tape:
        tape.watch(x)
        margin = tf.reduce_sum(tf.nn.log_softmax(model(x, training=training))[:, 0])
    gx, *gs = tape.gradient(margin, [x, model.layers[0].w, model.layers[1].gain, model.layers[3].w])
    print(training, float(tf.norm(gx)), [float(tf.norm(g)) for g in gs], int(model.layers[0].calls))
