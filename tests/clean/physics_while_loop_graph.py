"""Tempts: tf.while_loop and AutoGraph loops with int counters, bounce conditions by comparison, a Python float() cast inside a tf.function, ForwardAccumulator."""
import numpy as np
import tensorflow as tf

G, DT = 9.81, tf.constant(0.02)
stiffness = tf.Variable(400.0)
launch = tf.Variable([3.0, 4.0])


def soft_floor(height):
    return stiffness * tf.square(tf.nn.relu(-height))


def step(state):
    pos, vel = state[:2], state[2:]
    force = tf.stack([-0.1 * vel[0], soft_floor(pos[1]) - G])
    vel = vel + DT * force
    return tf.concat([pos + DT * vel, vel], axis=0)


@tf.function
def simulate(v0, steps):
    state = tf.concat([[0.0, 0.5], v0], axis=0)
    bounces = tf.constant(0)
    for _ in tf.range(steps):
        new = step(state)
        if new[1] < 0.0 and state[1] >= 0.0:
            bounces += 1
        state = new
    return state, bounces


def simulate_while(v0, steps):
    start = tf.concat([[0.0, 0.5], v0], axis=0)
    _, state = tf.while_loop(
        cond=lambda i, s: tf.less(i, steps),
        body=lambda i, s: (i + 1, step(s)),
        loop_vars=(tf.constant(0), start))
    return state


goal = np.array([2.5, 0.4], dtype=np.float32)
for it in range(3):
    with tf.GradientTape() as tape:
        state, bounces = simulate(launch, tf.constant(60))
        miss = tf.reduce_sum((state[:2] - goal) ** 2)
        fast = tf.cond(miss > 100.0, lambda: miss * 0.01, lambda: miss)
    g_launch, g_stiff = tape.gradient(fast, [launch, stiffness])
    launch.assign_sub(0.05 * tf.clip_by_norm(g_launch, 2.0))
    stiffness.assign(tf.maximum(stiffness - 0.1 * g_stiff, 50.0))
    print(it, float(miss), int(bounces), launch.numpy())

with tf.GradientTape() as tape:
    end = simulate_while(launch, 30)
    reach = end[0]
grad = tape.gradient(reach, launch)
tangent = tf.constant([1.0, 0.0])
with tf.autodiff.ForwardAccumulator(launch, tangent) as acc:
    forward = simulate_while(launch, 30)[0]
print(grad.numpy(), acc.jvp(forward).numpy())
np.testing.assert_allclose(acc.jvp(forward), grad[0], rtol=1e-4)


@tf.function
def graph_gradient(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        scale = float(tf.reduce_sum(x * x))
        y = scale * tf.reduce_sum(tf.sin(x))
    return tape.gradient(y, x)


print(graph_gradient(tf.constant([0.5, 1.0])).numpy())
