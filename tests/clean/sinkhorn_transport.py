"""Tempts: dual potentials rebound 10 times in a loop with an early stop on numpy, argmax of the plan for a hard matching in the report."""
import numpy as np
import tensorflow as tf

EPS = 0.5


def squared_cost(x, y):
    return tf.reduce_sum((x[:, None, :] - y[None, :, :]) ** 2, axis=-1)


def sinkhorn(cost, log_a, log_b, iterations=10, tol=1e-4):
    f, g = tf.zeros_like(log_a), tf.zeros_like(log_b)
    for it in range(iterations):
        previous = f
        f = EPS * log_a - EPS * tf.reduce_logsumexp((g[None, :] - cost) / EPS, axis=1)
        g = EPS * log_b - EPS * tf.reduce_logsumexp((f[:, None] - cost) / EPS, axis=0)
        if np.abs((f - previous).numpy()).max() < tol:
            break
    plan = tf.exp((f[:, None] + g[None, :] - cost) / EPS)
    return tf.reduce_sum(plan * cost), plan, it + 1


rng = np.random.default_rng(71)
target = np.concatenate([rng.normal((2, 0), 0.2, (6, 2)), rng.normal((-1, 1), 0.2, (6, 2))]).astype(np.float32)
points = tf.Variable(rng.normal(size=(10, 2)).astype(np.float32))
weight_logits = tf.Variable(tf.zeros(10))
log_b = tf.math.log(tf.fill([12], 1.0 / 12.0))
velocity = [tf.zeros_like(points), tf.zeros_like(weight_logits)]
history = []

for step in range(5):
    with tf.GradientTape() as tape:
        log_a = tf.nn.log_softmax(weight_logits)
        cost, plan, used = sinkhorn(squared_cost(points, target), log_a, log_b)
        self_cost, _, _ = sinkhorn(squared_cost(points, points), log_a, log_a)
        divergence = cost - 0.5 * self_cost
        matching = np.argmax(plan.numpy(), axis=1)
    grads = tape.gradient(divergence, [points, weight_logits])
    velocity = [0.7 * v + g for v, g in zip(velocity, grads)]
    for variable, v in zip((points, weight_logits), velocity):
        variable.assign_sub(0.3 * v)
    history.append(float(divergence))
    print(step, history[-1], "iterations", used, "distinct matches", len(set(matching.tolist())))

# soft ranks of scores through the same machinery: ranks are live, tf.argsort is only the reference
scores = tf.constant([0.3, -1.2, 2.0, 0.9])
with tf.GradientTape() as tape:
    tape.watch(scores)
    anchors = tf.linspace(-1.5, 2.0, 4)
    _, plan, _ = sinkhorn((scores[:, None] - anchors[None, :]) ** 2, tf.math.log(tf.fill([4], 0.25)), tf.math.log(tf.fill([4], 0.25)))
    soft_rank = 4.0 * tf.linalg.matvec(plan, tf.range(4.0))
    top = tf.reduce_max(soft_rank)
print(soft_rank.numpy().round(2), tf.argsort(tf.argsort(scores)).numpy(), tape.gradient(top, scores).numpy().round(3))
