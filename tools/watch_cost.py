"""Measure what watching costs: `python -m tools.watch_cost`.

Prints milliseconds a step under Python alone, watched, and while every operation is recorded, for a
loop that runs eagerly and one of a `tf.function`. The fastest of several rounds counts.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 3
# A None that never comes again leaves the recorder on.
ARMED = """
with tf.GradientTape() as tape:
    nothing = tf.constant(1.0)
tape.gradient(nothing, tf.Variable(1.0))
"""
PROGRAM = """
import time
import tensorflow as tf

w1 = tf.Variable(tf.random.normal((32, 64), seed=1) * 0.1)
w2 = tf.Variable(tf.random.normal((64, 1), seed=2) * 0.1)
x, y = tf.random.normal((32, 32)), tf.random.normal((32, 1))

def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(tf.nn.tanh(x @ w1) @ w2 - y))
    for gradient, weight in zip(tape.gradient(loss, [w1, w2]), [w1, w2]):
        weight.assign_sub(0.01 * gradient)
    return loss

{wrapped}
for _ in range(10):
    step(x, y)
{armed}
best = 1e9
for _ in range(8):
    start = time.perf_counter()
    for _ in range({steps}):
        step(x, y)
    best = min(best, (time.perf_counter() - start) / {steps})
print(best * 1000)
"""
LOOPS = {"eager": ("", 150), "tf.function": ("step = tf.function(step)", 1000)}


def main() -> None:
    """Print a line for each loop."""
    for name, (wrapped, steps) in LOOPS.items():
        plain = _fastest([], PROGRAM.format(wrapped=wrapped, steps=steps, armed=""))
        watched = _fastest(WATCHED, PROGRAM.format(wrapped=wrapped, steps=steps, armed=""))
        armed = _fastest(WATCHED, PROGRAM.format(wrapped=wrapped, steps=steps, armed=ARMED))
        print(
            f"{name:12} alone {plain:.3f} ms, watched {watched:.3f} ({watched / plain:.2f}x),"
            f" recorded {armed:.3f} ({armed / plain:.2f}x)"
        )


WATCHED = ["-m", "tapelint", "run", "-q"]


def _fastest(options: list[str], text: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "loop.py")
        path.write_text(text, encoding="utf-8")
        command = [sys.executable, *options, str(path)]
        return min(float(subprocess.check_output(command, text=True)) for _ in range(ROUNDS))


if __name__ == "__main__":
    main()
