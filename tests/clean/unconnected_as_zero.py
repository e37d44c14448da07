"""Tempts: unconnected_gradients="zero" on purpose, for task heads that do not take part in a step; the zeros go to a per-task gradient similarity."""
import tensorflow as tf
import numpy as np

tf.keras.utils.set_random_seed(28)
shared = tf.keras.layers.Dense(8, activation="tanh")
heads = {name: tf.keras.layers.Dense(n) for name, n in (("price", 1), ("kind", 3))}
x = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
targets = {"price": x.sum(axis=1, keepdims=True), "kind": x[:, :3].argmax(axis=1)}
losses = {
    "price": lambda y, p: tf.reduce_mean((y - p) ** 2),
    "kind": lambda y, p: tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, p)),
}
for head in heads.values():
    head(shared(x))
# Keras 3 cannot fill zeros for a keras.Variable; .value is the tf.Variable inside it
everything = shared.trainable_variables + [v for h in heads.values() for v in h.trainable_variables]


def flat(gs):
    return tf.concat([tf.reshape(g, [-1]) for g in gs], axis=0)


per_task = {}
for name, head in heads.items():
    with tf.GradientTape() as tape:
        loss = losses[name](targets[name], head(shared(x)))
    per_task[name] = tape.gradient(loss, [v.value for v in everything], unconnected_gradients="zero")
    print(name, float(loss), [round(float(tf.norm(g)), 3) for g in per_task[name]])

a, b = flat(per_task["price"]), flat(per_task["kind"])
cosine = tf.reduce_sum(a * b) / (tf.norm(a) * tf.norm(b))
print("cosine of task gradients", float(cosine))

# PCGrad: project away the conflicting part, then one update
if float(cosine) < 0:
    a = a - tf.reduce_sum(a * b) / tf.reduce_sum(b * b) * b
merged, start = [], 0
for v in everything:
    size = int(np.prod(v.shape))
    merged.append(tf.reshape((a + b)[start:start + size], v.shape))
    start += size
tf.keras.optimizers.SGD(0.1).apply_gradients(zip(merged, everything))

t = tf.Variable(2.0)
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        line = 3.0 * t + 1.0
    slope = inner.gradient(line, t)
curvature = outer.gradient(slope, t, unconnected_gradients=tf.UnconnectedGradients.ZERO)
print("slope", float(slope), "curvature", float(curvature))
