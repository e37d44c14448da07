"""Measure what watching costs: `python -m tools.watch_cost`.

Prints milliseconds of processor time a step of a small loop, one that runs eagerly and one of a
`tf.function`: under Python alone, watched, while every operation is recorded, and after a None has
been explained, with what that costs once. The kinds take turns in one process, so that a busy
machine is as busy for each. The first number is the fastest round, the second the median of what
each round costs compared with the one without a watch beside it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROUNDS = 15
STEP = """
import tensorflow as tf

w1 = tf.Variable(tf.random.normal((32, 64), seed=1) * 0.1)
w2 = tf.Variable(tf.random.normal((64, 1), seed=2) * 0.1)
x, y = tf.random.normal((32, 32)), tf.random.normal((32, 1))

def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(tf.nn.tanh(x @ w1) @ w2 - y))
    for gradient, weight in zip(tape.gradient(loss, [w1, w2]), [w1, w2]):
        weight.assign_sub(0.01 * gradient)

def lost():
    with tf.GradientTape() as tape:
        nothing = tf.round(w1)
    tape.gradient(nothing, w1)
"""
# What is recorded waits for a site that never comes again.
MEASURE = """
import json, sys, time
import tensorflow as tf
import loop
from tapelint.watch.program.sites import UserFiles
from tapelint.watch.program.watcher import Watcher

class Nowhere:
    is_ours = True
    def emit(self, event): pass
    def count(self, site, *numbers): pass

def timed(step, count, *before):
    start = time.process_time()
    for other in before:
        other()
    for _ in range(count):
        step()
    return (time.process_time() - start) / count * 1000

def watched():
    watcher = Watcher(UserFiles(), Nowhere(), is_traced=False)
    watcher.install()
    return watcher

def recorded(step, count):
    watcher = watched()
    loop.lost()
    step()
    times = timed(step, count)
    assert watcher.recording.recorder is not None and watcher.recording.recorder.is_complete
    watcher.uninstall()
    return times

def lightly(step, count):
    watcher = watched()
    for _ in range(4):
        step()
    times = timed(step, count)
    watcher.uninstall()
    return times

def explained(step, count):
    watcher = watched()
    once = timed(step, 1, loop.lost, step, loop.lost)
    assert watcher.recording.recorder is None
    for _ in range(4):
        step()
    times = timed(step, count)
    watcher.uninstall()
    return times, once

rounds, *counts = map(int, sys.argv[1:])
found = {}
for name, step, count in (("eager", loop.step, counts[0]),
                          ("tf.function", tf.function(loop.step), counts[1])):
    for _ in range(10):
        step()
    found[name] = [
        [timed(step, count), lightly(step, count), recorded(step, count), *explained(step, count)]
        for _ in range(rounds)
    ]
print(json.dumps(found))
"""
COUNTS = (40, 150)
KINDS = ("watched", "recorded", "explained")


def main() -> None:
    """Print a line for each kind of each loop."""
    for loop, rounds in _measured().items():
        alone, *others, once = zip(*rounds, strict=True)
        print(f"{loop:12} alone {min(alone):.3f} ms")
        for kind, times in zip(KINDS, others, strict=True):
            fastest = min(times) / min(alone)
            typical = statistics.median(t / a for t, a in zip(times, alone, strict=True))
            print(
                f"{kind:>12} {min(times):.3f} ms,"
                f" {fastest:.2f}x in the fastest round, {typical:.2f}x in the median"
            )
        print(f"{'explaining':>12} {min(once):.0f} to {statistics.median(once):.0f} ms, once")


def _measured() -> dict[str, list[list[float]]]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "loop.py").write_text(STEP, encoding="utf-8")
        path = Path(folder, "measure.py")
        path.write_text(MEASURE, encoding="utf-8")
        arguments = map(str, (ROUNDS, *COUNTS))
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "PYTHONPATH": str(ROOT)}
        answer = subprocess.check_output(
            [sys.executable, str(path), *arguments],
            text=True,
            env={**os.environ, **quiet},
            stderr=subprocess.DEVNULL,
        )
    found: dict[str, list[list[float]]] = json.loads(answer)
    return found


if __name__ == "__main__":
    main()
