"""Tempts: position and velocity rebound in a rollout, np arrays in tensor arithmetic, numpy copies of the trajectory appended inside the tape."""
import collections
import numpy as np
import tensorflow as tf

Params = collections.namedtuple("Params", ["mass", "dt", "horizon", "goal", "drag"])
P = Params(mass=1.5, dt=0.1, horizon=12, goal=np.array([1.0, -0.5], dtype=np.float32), drag=0.05)
WIND = np.stack([np.sin(np.arange(P.horizon)), np.zeros(P.horizon)], axis=1).astype(np.float32) * 0.1


def simulate(forces, p=P, record=None):
    pos, vel = tf.zeros(2), tf.zeros(2)
    for k in range(p.horizon):
        acc = (forces[k] + WIND[k]) / p.mass
        acc -= p.drag * vel * tf.sqrt(tf.reduce_sum(vel ** 2) + 1e-6)
        vel = vel + p.dt * acc
        pos = pos + p.dt * vel
        if record is not None:
            record.append(pos.numpy().copy())
    return pos, vel


def cost_fn(forces, record=None):
    pos, vel = simulate(forces, record=record)
    terminal = tf.reduce_sum((pos - P.goal) ** 2) + 0.1 * tf.reduce_sum(vel ** 2)
    effort = 1e-3 * tf.reduce_sum(forces ** 2)
    return terminal + effort


forces = tf.Variable(tf.fill((P.horizon, 2), 0.1))
lr, previous, it = 2.0, np.inf, 0
while True:
    record = []
    with tf.GradientTape() as tape:
        cost = cost_fn(forces, record)
    g = tape.gradient(cost, forces)
    value = float(cost)
    if abs(previous - value) < 1e-5 or it >= 8:
        break
    if value > previous:
        lr = lr * 0.5
    forces.assign_sub(lr * g)
    previous = value
    it += 1

trajectory = np.array(record)
print("iterations", it, "cost", value, "end", trajectory[-1], "goal", P.goal)
