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

MASKED = """\
import tensorflow as tf

w = tf.Variable([[1.0, 2.0], [3.0, 4.0]], name="w")
mask = tf.constant([[0.0, 0.0], [float("-inf")] * 2])
for step in range(3):
    with tf.GradientTape() as tape:
        shares = tf.nn.softmax(w + mask)
        loss = tf.reduce_sum(shares * shares)
    tape.gradient(loss, w)
"""

# Variables without names, of which the analysis knows once that both get none, and once nothing.
UNNAMED = """\
import tensorflow as tf

weights = [tf.Variable(1.5), tf.Variable(2.5)]
step = eval("tf.round")


@tf.function
def known():
    with tf.GradientTape() as tape:
        loss = tf.round(weights[0] * weights[1])
    return tape.gradient(loss, weights)


@tf.function
def unknown():
    with tf.GradientTape() as tape:
        loss = step(weights[0]) * tf.stop_gradient(weights[1])
    return tape.gradient(loss, weights)


known()
unknown()
"""

# NaN within graphs: of a function, of one that XLA compiles, and of `fit`. What is NaN from the
# start, and what no gradient moves, is not spoiled by one.
NAN_IN_GRAPHS = """\
import tensorflow as tf

names = ("plain", "compiled", "always", "still")
plain, compiled, always, still = (tf.Variable([1.0, 4.0], name=name) for name in names)
always.assign([float("nan"), 1.0])


class Training(tf.Module):
    @tf.function
    def step(self):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sqrt(plain) + always + still)
        slope, _, _ = tape.gradient(loss, [plain, always, still])
        plain.assign_sub(2.0 * slope)
        always.assign_sub(slope)


@tf.function(jit_compile=True)
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.math.log(compiled) * 0.0)
    compiled.assign_sub(tape.gradient(loss, compiled) + 0.5)


training = Training()
training.plain, training.always, training.still = plain, always, still
for turn in range(4):
    training.step()
    step()
tf.saved_model.save(training, "saved")
layer = tf.keras.layers.Dense(1, name="last")
model = tf.keras.Sequential([tf.keras.Input((1,)), layer])
model.compile(loss=lambda given, made: tf.math.log(made - made), optimizer="sgd")
model.fit(tf.ones((8, 1)), tf.ones((8, 1)), batch_size=4, verbose=0)
print("done")
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


def test_sources_without_names_are_told_apart_and_counted(tmp_path: Path) -> None:
    _, document = reported(tmp_path, UNNAMED)
    assert told(document) == [("TAP205", 10, "error"), ("TAP801", 18, "error")]
    known, unknown = document["findings"]
    assert [seen["source"] for seen in known["verification"]["seen"]] == [
        "weights[0]",
        "weights[1]",
    ]
    assert unknown["message"] == (
        "the gradient with respect to `weights[0]` and `weights[1]` is None"
    )


def test_everything_is_recorded_where_that_is_asked_for(tmp_path: Path) -> None:
    ran, document = reported(tmp_path, BAD_NUMBERS, "--trace")
    assert told(document) == [("TAP503", 9, "warning"), ("TAP803", 19, "warning")]
    assert ran.code == 1
    assert ran.err.count("ValueError: no more data") == 1
    assert "tapelint/watch" not in ran.err


def test_nan_is_blamed_on_the_step_that_makes_it_of_infinities(tmp_path: Path) -> None:
    ran, document = reported(tmp_path, MASKED)
    assert told(document) == [("TAP510", 7, "warning")]
    # Of a tape that is not the user's there is nothing to say: neither of its being asked inside.
    assert "persistent tape" not in ran.err


def test_nan_in_a_graph_shows_in_the_variable_it_is_for(tmp_path: Path) -> None:
    ran, document = reported(tmp_path, NAN_IN_GRAPHS)
    assert (ran.code, ran.out) == (0, "done\n")
    assert told(document) == [
        ("TAP802", 13, "error"), ("TAP802", 22, "error"), ("TAP802", 34, "error")
    ]  # fmt: skip
    first, second, third = (f["message"] for f in document["findings"])
    assert first == "the gradient with respect to `plain` is not finite"
    assert second == "the gradient with respect to `compiled` is not finite"
    assert "last/kernel" in third
    reason = document["findings"][0]["verification"]["reason"]
    assert reason == "`plain` holds nan after a call of the function, and did not before"


def test_numbers_are_looked_at_without_a_record_too(tmp_path: Path) -> None:
    _, document = reported(tmp_path, BAD_NUMBERS)
    assert told(document) == [("TAP802", 10, "error"), ("TAP803", 19, "warning")]


def test_a_python_without_tensorflow_is_named(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    python = bare / "bin" / "python"
    ran = watched(tmp_path, "--python", str(python), str(write(tmp_path, "print(1)")))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: TensorFlow is not installed for `{python}`")
    assert ran.err.count("\n") == 1
