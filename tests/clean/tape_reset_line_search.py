"""Tempts: tape.reset() throws the record away, also the watches, but the watch and the whole computation are done again after it."""
import tensorflow as tf


def rosenbrock(p):
    a, b = p[0], p[1]
    return (1.0 - a) ** 2 + 100.0 * (b - a * a) ** 2


def gradient_of_accepted_point(x, direction, shrink=0.5, max_tries=12):
    """Try steps under one tape; only the accepted one stays recorded."""
    base = float(rosenbrock(x))
    t = 1.0
    with tf.GradientTape() as tape:
        for _ in range(max_tries):
            candidate = x + t * direction
            tape.watch(candidate)
            value = rosenbrock(candidate)
            if float(value) < base:
                break
            t *= shrink
            tape.reset()
        else:
            candidate = tf.identity(x)
            tape.watch(candidate)
            value = rosenbrock(candidate)
    return candidate, value, tape.gradient(value, candidate)


x = tf.constant([-1.2, 1.0])
with tf.GradientTape() as tape:
    tape.watch(x)
    value = rosenbrock(x)
grad = tape.gradient(value, x)
for k in range(6):
    x, value, grad = gradient_of_accepted_point(x, -grad / (tf.norm(grad) + 1e-12))
    print(k, x.numpy(), float(value))

# warm-up under the same tape, thrown away before the real record
v = tf.Variable([0.5, -0.5])
with tf.GradientTape() as tape:
    for _ in range(3):
        warm = tf.reduce_sum(tf.sin(v))
    print("warm", warm.numpy())
    tape.reset()
    loss = tf.reduce_sum(tf.sin(v) ** 2)
print(tape.gradient(loss, v).numpy())
