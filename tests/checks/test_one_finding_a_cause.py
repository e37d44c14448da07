"""Many gradients that are lost for one cause are one finding, which says where they were asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tapelint import engine
from tapelint.model import Finding, Role
from tapelint.settings import Settings
from tapelint.source.read import read

START = "import numpy as np\nimport tensorflow as tf\n\n"


def found(folder: Path, program: str) -> list[Finding]:
    """Return the findings of all rules that run by themselves."""
    path = folder / "program.py"
    path.write_text(START + program)
    return [f for f in engine.lint(read(path, "program.py"), Settings()) if f.code != "TAP405"]


def lines(findings: list[Finding]) -> list[tuple[str, int]]:
    """Return code and line of each finding, lines counted in the program."""
    return [(f.code, f.span.line - START.count("\n")) for f in findings]


def test_a_source_is_reported_once_a_tape(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        """\
x = tf.constant(3.0)
with tf.GradientTape(persistent=True) as tape:
    y = x * x
    z = y * x
tape.gradient(y, x)
tape.gradient(z, x)
with tf.GradientTape() as tape:
    y = x * x
tape.gradient(y, x)
""",
    )
    assert lines(findings) == [("TAP101", 5), ("TAP101", 9)]
    assert [s.message for s in findings[0].steps if "as well" in s.message] == [
        "`tape.gradient` answers None here as well"
    ]


def test_what_reaches_no_target_is_told_for_each_target(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        """\
v, w = tf.Variable(3.0), tf.Variable(1.0)
with tf.GradientTape(persistent=True) as tape:
    y = v * 2.0
    z = v * 3.0
tape.gradient(y, w)
tape.gradient(z, w)
""",
    )
    assert lines(findings) == [("TAP108", 5), ("TAP108", 6)]


def test_a_cut_is_reported_once_with_the_requests_it_costs(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        """\
w = tf.Variable(2.0)

def loss(x):
    return tf.reduce_sum(np.exp(w * x))

for scale in (1.0, 2.0):
    with tf.GradientTape() as tape:
        y = loss(scale)
    tape.gradient(y, w)
with tf.GradientTape() as tape:
    y = loss(3.0)
tape.gradient(y, w)
""",
    )
    assert lines(findings) == [("TAP201", 4)]
    also = [s.span.line - START.count("\n") for s in findings[0].steps if "as well" in s.message]
    assert also == [12]


def test_the_derivative_of_a_gradient_that_is_none_is_a_consequence(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        """\
w = tf.Variable(2.0)
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        y = tf.round(w)
    first = inner.gradient(y, w)
outer.gradient(first, w)
""",
    )
    assert lines(findings) == [("TAP205", 4)]


MODELS = {
    "functional": """\
start = keras.Input((4,))
hidden = keras.layers.Dense(8, activation="relu")(start)
model = keras.Model(start, keras.layers.Dense(1)(keras.layers.Dense(8)(hidden)))
""",
    "of layers": """\
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.second = keras.layers.Dense(8), keras.layers.Dense(1)
    def call(self, x):
        x = tf.nn.relu(self.first(x))
        return self.second(x)
model = Net()
""",
    "a function": """\
v, w = tf.Variable(3.0), tf.Variable(1.0)
def model(x):
    y = v * x
    return y * w
""",
}


@pytest.mark.parametrize("made", MODELS.values(), ids=MODELS)
def test_a_model_that_is_called_outside_is_one_cause(made: str, tmp_path: Path) -> None:
    asked = "[v, w]" if "v, w" in made else "model.trainable_variables"
    (finding,) = found(
        tmp_path,
        f"from tensorflow import keras\n{made}"
        "predicted = model(tf.ones((3, 4)))\n"
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean(predicted**2)\n"
        f"g = tape.gradient(loss, {asked})\n",
    )
    assert (finding.code, finding.span.line) == ("TAP302", made.count("\n") + 5)
    assert finding.message.endswith("`model` is called outside the tape")
    assert finding.help == "call `model` inside the `with` of `tape`"
    (broken,) = [step for step in finding.steps if step.role is Role.BREAK]
    assert broken.span == finding.span


def test_two_models_that_are_called_outside_are_two(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        """\
v, w = tf.Variable(3.0), tf.Variable(1.0)
def first(x):
    y = v * x
    return y * w
def second(x):
    return x * w
a = first(2.0)
b = second(a)
with tf.GradientTape() as tape:
    loss = b * b
g = tape.gradient(loss, [v, w])
h = second(b)
with tf.GradientTape() as tape:
    loss = h * h
g = tape.gradient(loss, w)
""",
    )
    assert len({f.span.line for f in findings}) == len(findings) > 1
