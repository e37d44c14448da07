"""Measure what watching costs: `python -m tools.watch_cost`.

Prints milliseconds of processor time a step under Python alone, watched, and while every operation
is recorded, for a loop that runs eagerly and one of a `tf.function`. The fastest of several rounds
counts; the rounds of all three take turns, so that a busy machine is as busy for each.
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
    start = time.process_time()
    for _ in range({steps}):
        step(x, y)
    best = min(best, (time.process_time() - start) / {steps})
print(best * 1000)
"""
LOOPS = {"eager": ("", 150), "tf.function": ("step = tf.function(step)", 1000)}


def main() -> None:
    """Print a line for each loop."""
    for name, (wrapped, steps) in LOOPS.items():
        loop = PROGRAM.format(wrapped=wrapped, steps=steps, armed="")
        recorded = PROGRAM.format(wrapped=wrapped, steps=steps, armed=ARMED)
        runs = (([], loop), (WATCHED, loop), (WATCHED, recorded))
        rounds = [[_time(options, text) for options, text in runs] for _ in range(ROUNDS)]
        alone, watched, armed = (min(times) for times in zip(*rounds, strict=True))
        print(
            f"{name:12} alone {alone:.3f} ms, watched {watched:.3f} ({watched / alone:.2f}x),"
            f" recorded {armed:.3f} ({armed / alone:.2f}x)",
            flush=True,
        )


WATCHED = ["-m", "tapelint", "run", "-q"]


def _time(options: list[str], text: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "loop.py")
        path.write_text(text, encoding="utf-8")
        return float(subprocess.check_output([sys.executable, *options, str(path)], text=True))


if __name__ == "__main__":
    main()
