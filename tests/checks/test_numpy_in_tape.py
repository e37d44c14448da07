"""TAP201: NumPy on the path, its twins in TensorFlow, and writes into arrays."""

from __future__ import annotations

import pytest
from story import Story, lost

from tapelint.analysis.graph import Edge, Effect, Node, Reason
from tapelint.checks import numpy_in_tape
from tapelint.model import Finding, Role

PROGRAM = """\
import numpy as np
w = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    squared = w**2
    mean = {call}
    loss = mean * 2.0
gradient = tape.gradient(loss, w)
"""


def find(call: str, op: str, reason: Reason = Reason.NUMPY, argument: str = "") -> list[Finding]:
    """Check the program with one call between source and target."""
    story = Story(PROGRAM.format(call=call))
    w = story.variable("tf.Variable([1.0, 2.0])", "w")
    squared = story.tensor("w**2", "**", w, label="squared")
    mean = story.tensor(call, op, Edge(squared, Effect.CUT, reason, argument), label="mean")
    loss = story.tensor("mean * 2.0", "*", mean, label="loss")
    asked = story.asked("tape.gradient(loss, w)", loss, lost("w", w, squared, mean, loss))
    return list(numpy_in_tape.check([asked]))


def test_a_cut_for_another_reason_is_left_to_its_own_rule() -> None:
    assert find("tf.round(squared)", "tf.round", Reason.OP) == []


def test_the_finding_stands_at_the_call() -> None:
    (finding,) = find("np.mean(squared)", "np.mean")
    assert (finding.span.line, finding.span.column, finding.span.end_column) == (5, 12, 28)


def test_the_message_names_target_source_and_function() -> None:
    (finding,) = find("np.mean(squared)", "np.mean")
    assert finding.message == (
        "the gradient of `loss` with respect to `w` is None: cut here by `np.mean`"
    )


def test_the_chain_runs_from_source_over_break_to_the_request() -> None:
    (finding,) = find("np.mean(squared)", "np.mean")
    assert [(step.role, step.span.line) for step in finding.steps] == [
        (Role.SOURCE, 2),
        (Role.STEP, 4),
        (Role.BREAK, 5),
        (Role.TARGET, 6),
        (Role.TAPE, 7),
    ]


@pytest.mark.parametrize(
    ("call", "op", "advice"),
    [
        ("np.mean(squared)", "np.mean", "use `tf.reduce_mean` instead of `np.mean`"),
        ("numpy.tanh(squared)", "np.tanh", "use `tf.tanh` instead of `numpy.tanh`"),
        ("norm(squared)", "np.linalg.norm", "use `tf.norm` instead of `norm`"),
        ("math.exp(squared)", "math.exp", "use `tf.exp` instead of `math.exp`"),
        (
            "expit(squared)",
            "scipy.special.expit",
            "use `tf.sigmoid` instead of `expit`",
        ),
        (
            "np.dot(squared, a)",
            "np.dot",
            "use `tf.experimental.numpy.dot` instead of `np.dot`",
        ),
    ],
)
def test_the_twin_in_tensorflow_is_named(call: str, op: str, advice: str) -> None:
    (finding,) = find(call, op)
    assert finding.help == advice


@pytest.mark.parametrize("op", ["np.argmax", "np.round", "np.floor", "np.sign", "math.floor"])
def test_no_twin_is_offered_for_what_is_flat_in_tensorflow_too(op: str) -> None:
    (finding,) = find(f"{op}(squared)", op)
    assert "has no derivative to pass on either" in finding.help


@pytest.mark.parametrize("op", ["np.interp", "scipy.optimize.minimize", "pandas.Series"])
def test_a_function_without_a_twin_gets_general_advice(op: str) -> None:
    (finding,) = find(f"{op}(squared)", op)
    assert finding.help.startswith(f"use TensorFlow operations instead of `{op}`")


def test_a_write_into_an_array_is_named_as_such() -> None:
    (finding,) = find("np.zeros(3)", "np.zeros", argument="[]=")
    assert finding.message.endswith("cut here by `[...] =`")
    assert "tf.stack" in finding.help


def test_a_helper_is_reached_through_its_call() -> None:
    program = """\
def mean_of(values):
    return np.mean(values)
w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    loss = mean_of(w) * 2.0
gradient = tape.gradient(loss, w)
"""
    story = Story(program)
    w = story.variable("tf.Variable(1.0)", "w")
    call = story.at("mean_of(w)")
    mean: Node = story.cut("np.mean(values)", "np.mean", w, Reason.NUMPY, stack=(call,))
    loss = story.tensor("mean_of(w) * 2.0", "*", mean, label="loss")
    asked = story.asked("tape.gradient(loss, w)", loss, lost("w", w, mean, loss))
    (finding,) = numpy_in_tape.check([asked])
    assert finding.span.line == 2
    assert [(step.span.line, step.message) for step in finding.steps[1:3]] == [
        (5, "`mean_of` is called"),
        (2, "`np.mean` leaves TensorFlow and gives a NumPy value"),
    ]
