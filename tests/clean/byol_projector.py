"""Tempts: stop_gradient around the whole target branch, EMA by assign, symmetric loss; only the online branch is asked."""
import tensorflow as tf
from tensorflow import keras as K

K.utils.set_random_seed(8)


def encoder(name):
    return K.Sequential([K.Input((6,)), K.layers.Dense(16, "relu"), K.layers.Dense(8)], name=name)


class Byol(K.Model):
    def __init__(self, tau=0.9):
        super().__init__()
        self.online = encoder("online")
        self.teacher = encoder("teacher")
        self.teacher.trainable = False
        self.predictor = K.layers.Dense(8)
        self.tau = tau
        self.loss_tracker = K.metrics.Mean(name="loss")

    @staticmethod
    def cosine(p, z):
        p, z = (tf.math.l2_normalize(v, axis=-1) for v in (p, z))
        return 2.0 - 2.0 * tf.reduce_mean(tf.reduce_sum(p * z, axis=-1))

    def augment(self, x):
        noise = tf.random.normal(tf.shape(x), stddev=0.1)
        keep = tf.cast(tf.random.uniform(tf.shape(x)) > 0.2, x.dtype)
        return (x + noise) * keep

    def train_step(self, x):
        a, b = self.augment(x), self.augment(x)
        za, zb = tf.stop_gradient(self.teacher(a)), tf.stop_gradient(self.teacher(b))
        with tf.GradientTape() as tape:
            pa, pb = self.predictor(self.online(a)), self.predictor(self.online(b))
            loss = self.cosine(pa, zb) + self.cosine(pb, za)
        train_vars = self.online.trainable_variables + self.predictor.trainable_variables
        grads = tape.gradient(loss, train_vars)
        self.optimizer.apply_gradients(zip(grads, train_vars))
        for t, o in zip(self.teacher.weights, self.online.weights):
            t.assign(self.tau * t + (1.0 - self.tau) * o)
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}

    @property
    def metrics(self):
        return [self.loss_tracker]


net = Byol()
net.teacher.set_weights(net.online.get_weights())
net.predictor.build((None, 8))
net.compile(optimizer=K.optimizers.SGD(0.1))
data = tf.data.Dataset.from_tensor_slices(tf.random.normal((24, 6))).batch(8)
print(net.fit(data, epochs=2, verbose=0).history)
