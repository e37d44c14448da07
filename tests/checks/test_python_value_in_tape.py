"""TAP202: conversions to Python, by method, by function and by formatting."""

from __future__ import annotations

import pytest
from story import Story, lost, one_call

from tapelint.analysis.graph import Kind, Reason
from tapelint.checks import python_value_in_tape


def test_a_numpy_function_is_another_rule() -> None:
    assert one_call(python_value_in_tape, "np.mean(w)", "np.mean", Reason.NUMPY) == []


@pytest.mark.parametrize(
    ("call", "op", "named"),
    [
        ("float(w)", "float", "`float`"),
        ("int(w)", "int", "`int`"),
        ("w.numpy()", "numpy", "`.numpy()`"),
        ("(w * 2).numpy()", "numpy", "`.numpy()`"),
        ("w.numpy().item()", "item", "`.item()`"),
        ("K.get_value(w)", "keras.backend.get_value", "`K.get_value`"),
        ("f'{w}'", "format", "`f'{w}'`"),
    ],
)
def test_the_conversion_is_named_as_it_is_written(call: str, op: str, named: str) -> None:
    (finding,) = one_call(python_value_in_tape, call, op, Reason.PYTHON, kind=Kind.PYTHON)
    assert finding.message.endswith(f"cut here by {named}")
    assert finding.span.line == 3


@pytest.mark.parametrize(
    ("op", "part"),
    [
        ("numpy", "leave out `.numpy()`"),
        ("float", "leave out `float`: the tensor works as a number"),
        ("int", "an integer has no gradient in TensorFlow either"),
        ("format", "format it for the log line only"),
    ],
)
def test_the_advice_fits_the_conversion(op: str, part: str) -> None:
    (finding,) = one_call(python_value_in_tape, f"{op}(w)", op, Reason.PYTHON)
    assert part in finding.help


def test_a_converted_target_raises_instead_of_being_none() -> None:
    program = """\
w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    reported = float(w)
tape.gradient(reported, w)
"""
    story = Story(program)
    w = story.variable("tf.Variable(1.0)", "w")
    reported = story.cut("float(w)", "float", w, Reason.PYTHON, label="reported", kind=Kind.PYTHON)
    asked = story.asked("tape.gradient(reported, w)", reported, lost("w", w, reported))
    (finding,) = python_value_in_tape.check([asked])
    assert finding.message == (
        "the gradient of `reported` with respect to `w` raises: `float` made a Python value of it"
    )
    assert finding.steps[-1].message == "`tape.gradient` raises"


def test_a_jacobian_makes_a_tensor_of_an_array_and_is_none() -> None:
    program = """\
w = tf.Variable([1.0])
with tf.GradientTape() as tape:
    array = w.numpy()
tape.jacobian(array, w)
"""
    story = Story(program)
    w = story.variable("tf.Variable([1.0])", "w")
    array = story.cut("w.numpy()", "numpy", w, Reason.PYTHON, label="array", kind=Kind.ARRAY)
    asked = story.asked("tape.jacobian(array, w)", array, lost("w", w, array), method="jacobian")
    (finding,) = python_value_in_tape.check([asked])
    assert finding.message == (
        "the gradient of `array` with respect to `w` is None: cut here by `.numpy()`"
    )
