"""Tempts: the perturbation is a tf.Variable kept in self, projected by assign after the gradient; restarts re-create it under the same name."""
import tensorflow as tf
import numpy as np


class ProjectedGradientDescent:
    def __init__(self, model, *, epsilon, step_size, steps, restarts=2, norm="linf", seed=0):
        if norm not in ("linf", "l2"):
            raise ValueError(norm)
        self.model, self.epsilon, self.step_size = model, epsilon, step_size
        self.steps, self.restarts, self.norm = steps, restarts, norm
        self.rng = tf.random.Generator.from_seed(seed)
        self.delta = None

    def _project(self):
        if self.norm == "linf":
            self.delta.assign(tf.clip_by_value(self.delta, -self.epsilon, self.epsilon))
        else:
            self.delta.assign(tf.clip_by_norm(self.delta, self.epsilon, axes=[1]))

    def _ascent_direction(self, x, y):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self.delta)
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(y, self.model(x + self.delta))
            loss = tf.reduce_sum(loss)
        grad = tape.gradient(loss, self.delta)
        if self.norm == "l2":
            grad = tf.math.l2_normalize(grad, axis=1)
        else:
            grad = tf.sign(grad)
        return loss, grad

    def __call__(self, x, y):
        best, best_loss = None, -np.inf
        for _ in range(self.restarts):
            self.delta = tf.Variable(self.rng.uniform(x.shape, -self.epsilon, self.epsilon))
            for _ in range(self.steps):
                loss, direction = self._ascent_direction(x, y)
                self.delta.assign_add(self.step_size * direction)
                self._project()
            if float(loss) > best_loss:
                best, best_loss = self.delta.numpy().copy(), float(loss)
        return x + best, best_loss


tf.keras.utils.set_random_seed(4)
clf = tf.keras.Sequential([tf.keras.Input((6,)), tf.keras.layers.Dense(12, "gelu"), tf.keras.layers.Dense(4)])
data = np.random.default_rng(3).normal(size=(5, 6)).astype(np.float32)
labels = np.argmax(clf(data), axis=-1)
for norm in ("linf", "l2"):
    attack = ProjectedGradientDescent(clf, epsilon=0.3, step_size=0.1, steps=3, norm=norm)
    adversarial, value = attack(data, labels)
    print(norm, value, "fooled", int((np.argmax(clf(adversarial), -1) != labels).sum()))
