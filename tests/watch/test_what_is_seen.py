"""What `tapelint run` says of the gradients of a program, and what it keeps to itself."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from watching import watched, write

from tapelint import report

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.xdist_group("watch"),
    pytest.mark.skipif(
        importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
    ),
]
SCHEMA = Path(report.__file__).parent / "json-v1.schema.json"
# None in every turn, in the last ones, on purpose, and asked to be zero.
EAGER = """\
import sys
import numpy as np
import tensorflow as tf

a, b, c = (tf.Variable(2.0, name=name) for name in "abc")


def loss_of(turn):
    if turn > 20:
        return tf.constant(float(a)) * b
    return a * b


def step(turn):
    with tf.GradientTape() as tape:
        loss = loss_of(turn)
    return tape.gradient(loss, [a, b])


for turn in range(30):
    step(turn)
for turn in range(3):
    with tf.GradientTape(persistent=True) as outer:
        with tf.GradientTape() as inner:
            cube = a**3
        slope = inner.gradient(cube, a)
    assert outer.gradient(slope, a) == 12.0
    assert outer.gradient(cube, c, unconnected_gradients="zero") == 0.0
    with tf.GradientTape() as tape:
        square = b * b
    pairs = zip(tape.gradient(square, [b, c]), [b, c])
    assert len([(g, v) for g, v in pairs if g is not None]) == 1
print("done")
sys.exit(3)
"""
GRAPH = """\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1)])
free = tf.Variable(1.0, name="free")


@tf.function
def step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(x)) + tf.round(free)
    return tape.gradient(loss, [free])


for turn in range(3):
    step(tf.ones((2, 3)))
with tf.distribute.MirroredStrategy().scope():

    class Model(tf.keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = tf.keras.layers.Dense(1)
            self.idle = self.add_weight(shape=(2,), name="idle")

        def call(self, x):
            return self.dense(x)

    fitted = Model()
    fitted.compile("sgd", "mse")
fitted.fit(tf.ones((4, 3)), tf.ones((4, 1)), verbose=0)
"""
BAD_NUMBERS = """\
import tensorflow as tf

w = tf.Variable([0.0, 1.0], name="w")


@tf.function
def step(scale):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sqrt(w * scale))
    w.assign_sub(tape.gradient(loss, w))


for turn in range(2):
    step(tf.constant(0.5))
for turn in range(4):
    with tf.GradientTape() as tape:
        tape.watch(x := tf.constant([-1.0, -2.0]))
        loss = tf.reduce_sum(tf.nn.relu(x))
    tape.gradient(loss, x)
raise ValueError("no more data")
"""


def reported(folder: Path, text: str, *options: str) -> tuple[Any, Any]:
    """Run a program; return how it ended, and the report."""
    path = write(folder, text)
    ran = watched(folder, *options, "--output-format", "json", "-o", "report.json", path.name)
    document = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    return ran, document


def told(document: Any) -> list[tuple[str, int, str]]:
    """Return code, line and severity of each finding."""
    return [(f["code"], f["span"]["line"], f["severity"]) for f in document["findings"]]


def test_an_eager_program(tmp_path: Path) -> None:
    ran, document = reported(tmp_path, EAGER)
    assert (ran.code, ran.out) == (3, "done\n")
    assert told(document) == [("TAP202", 10, "error"), ("TAP108", 31, "note")]
    assert document["run"]["exit_code"] == 3
    # 30 steps, and in each of 3 turns an inner, two outer and a last request.
    assert (document["run"]["gradient_calls"], document["run"]["none"]) == (42, 12)
    first, second = document["findings"]
    assert first["verification"]["verdict"] in ("seen", "confirmed")
    assert "turn 22" in first["verification"]["reason"]
    assert second["help"].startswith("the program looks for None itself")
    assert ran.err.count("TAP202") == 1 + ran.err.count("explain TAP202")
    assert ran.err.endswith(
        "tapelint: 12 of 42 gradient calls gave None (train.py:17, train.py:31)\n"
    )


def test_functions_that_are_traced(tmp_path: Path) -> None:
    ran, document = reported(tmp_path, GRAPH, "--fail-on", "none")
    assert ran.code == 1
    first, second = document["findings"]
    assert (first["span"]["line"], first["verification"]["mode"]) == (10, "graph")
    assert (second["code"], second["span"]["line"]) == ("TAP801", 29)
    assert "idle` is None" in second["message"]
    assert "--trace" in second["help"]


def test_everything_is_recorded_where_that_is_asked_for(tmp_path: Path) -> None:
    ran, document = reported(tmp_path, BAD_NUMBERS, "--trace")
    assert told(document) == [("TAP503", 9, "warning"), ("TAP803", 19, "warning")]
    assert ran.code == 1
    assert ran.err.count("ValueError: no more data") == 1
    assert "tapelint/watch" not in ran.err


def test_numbers_are_looked_at_without_a_record_too(tmp_path: Path) -> None:
    _, document = reported(tmp_path, BAD_NUMBERS)
    assert told(document) == [("TAP803", 19, "warning")]


def test_a_python_without_tensorflow_is_named(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    python = bare / "bin" / "python"
    ran = watched(tmp_path, "--python", str(python), str(write(tmp_path, "print(1)")))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: TensorFlow is not installed for `{python}`")
    assert ran.err.count("\n") == 1
