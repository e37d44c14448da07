"""Tempts: range labels, a big negative constant on the diagonal, numpy augmentations before the tape, tf.equal/argmax accuracy inside it."""
import numpy as np
import tensorflow as tf

tf.keras.utils.set_random_seed(12)


def augment(x, rng):
    x = x * rng.uniform(0.8, 1.2, size=(len(x), 1))
    x = x + rng.normal(scale=0.1, size=x.shape)
    flip = rng.random(len(x)) < 0.5
    x[flip] = x[flip, ::-1]
    return x.astype(np.float32)


class NTXent(tf.keras.losses.Loss):
    def __init__(self, temperature=0.2, **kw):
        super().__init__(**kw)
        self.temperature = temperature
        self.accuracy = tf.keras.metrics.Mean()

    def call(self, z1, z2):
        n = tf.shape(z1)[0]
        z = tf.math.l2_normalize(tf.concat([z1, z2], axis=0), axis=1)
        logits = tf.matmul(z, z, transpose_b=True) / self.temperature
        logits -= 1e9 * tf.eye(2 * n)
        labels = tf.concat([tf.range(n) + n, tf.range(n)], axis=0)
        hit = tf.equal(tf.argmax(logits, axis=1, output_type=tf.int32), labels)
        self.accuracy.update_state(tf.cast(hit, tf.float32))
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)


class SimCLR:
    def __init__(self, lr=1e-2):
        L = tf.keras.layers
        self.encoder = tf.keras.Sequential([L.Input((6,)), L.Dense(16, "gelu"), L.LayerNormalization()], name="encoder")
        self.projector = tf.keras.Sequential([L.Input((16,)), L.Dense(8, "gelu"), L.Dense(4)], name="projector")
        self.optimizer = tf.keras.optimizers.AdamW(lr, weight_decay=1e-4)
        self.criterion = NTXent()

    @property
    def weights(self):
        return self.encoder.trainable_weights + self.projector.trainable_weights

    def step(self, a, b):
        with tf.GradientTape() as tape:
            za, zb = (self.projector(self.encoder(v)) for v in (a, b))
            loss = self.criterion(za, zb)
        self.optimizer.apply_gradients(zip(tape.gradient(loss, self.weights), self.weights))
        return loss.numpy()


rng = np.random.default_rng(0)
data = rng.normal(size=(32, 6))
learner = SimCLR()
for epoch in range(2):
    order = rng.permutation(32).reshape(2, 16)
    curve = [learner.step(augment(data[i], rng), augment(data[i], rng)) for i in order]
    print(epoch, np.mean(curve), float(learner.criterion.accuracy.result()))
    learner.criterion.accuracy.reset_state()
features = learner.encoder.predict(data, verbose=0)
print("feature std", features.std(axis=0).round(2))
