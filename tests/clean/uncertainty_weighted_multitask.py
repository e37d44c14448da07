"""Tempts: a keras.Model whose train_step learns log-variances made by add_weight, mixes several losses, rebinds total, updates named metrics."""
import numpy as np
import tensorflow as tf
from tensorflow import keras


class MultiTask(keras.Model):
    def __init__(self, tasks, **kwargs):
        super().__init__(**kwargs)
        self.tasks = tasks
        self.trunk = keras.layers.Dense(12, activation="mish")
        self.heads = {name: keras.layers.Dense(width, name=name) for name, (width, _) in tasks.items()}
        self.log_vars = self.add_weight(shape=(len(tasks),), initializer="zeros", name="log_vars")
        self.trackers = {name: keras.metrics.Mean(name=name) for name in (*tasks, "total")}
        self.updates = self.add_weight(shape=(), dtype="int64", initializer="zeros", trainable=False, name="updates")

    @property
    def metrics(self):
        return list(self.trackers.values())

    def call(self, x, training=None):
        z = self.trunk(x)
        return {name: head(z) for name, head in self.heads.items()}

    def train_step(self, data):
        x, targets = data
        with tf.GradientTape() as tape:
            outputs = self(x, training=True)
            total = 0.0
            for i, (name, (_, loss_fn)) in enumerate(self.tasks.items()):
                task_loss = tf.reduce_mean(loss_fn(targets[name], outputs[name]))
                self.trackers[name].update_state(task_loss)
                precision = tf.exp(-self.log_vars[i])
                total = total + precision * task_loss + 0.5 * self.log_vars[i]
            self.updates.assign_add(1)
        self.optimizer.apply_gradients(zip(tape.gradient(total, self.trainable_variables), self.trainable_variables))
        self.trackers["total"].update_state(total)
        return {m.name: m.result() for m in self.metrics}


keras.utils.set_random_seed(90)
tasks = {
    "depth": (1, lambda y, p: tf.square(y - p)),
    "label": (3, lambda y, p: keras.losses.sparse_categorical_crossentropy(y, p, from_logits=True)),
    "flags": (2, lambda y, p: keras.losses.binary_crossentropy(y, p, from_logits=True)),
}
rng = np.random.default_rng(4)
x = rng.normal(size=(32, 5)).astype("float32")
targets = {
    "depth": x[:, :1] * 2.0,
    "label": np.argmax(x[:, :3], axis=1).astype("int32"),
    "flags": (x[:, 3:] > 0).astype("float32"),
}
model = MultiTask(tasks)
model.compile(optimizer=keras.optimizers.Adam(0.01))
history = model.fit(tf.data.Dataset.from_tensor_slices((x, targets)).batch(16), epochs=2, verbose=0)
print({k: round(v[-1], 3) for k, v in history.history.items()}, model.log_vars.numpy(), int(model.updates))
