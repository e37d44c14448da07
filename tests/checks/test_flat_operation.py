"""TAP215: operations that are flat whatever they are given."""

from __future__ import annotations

import pytest
from linted import linted, under_tape

from tapelint.checks import flat_operation

SECOND = """\
x = tf.Variable([1.0, -2.0])
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        y = tf.reduce_sum(VALUE)
    slope = inner.gradient(y, x)
curvature = outer.gradient(slope, x)
"""


@pytest.mark.parametrize(
    "value",
    [
        "tf.nn.softmax(x)",
        "tf.nn.softmax(x[:, :1] * [1.0, 2.0])",
        "tf.nn.softmax(x[:, :1], axis=0)",
        "tf.nn.softmax(x[:, :1]) + x",
    ],
)
def test_what_has_a_slope_is_silent(value: str) -> None:
    source = "[[1.0, 2.0], [3.0, 4.0]]"
    assert linted(flat_operation, under_tape(f"tf.reduce_sum({value} * x)", source)) == []


def test_a_softmax_of_one_element_is_told_with_what_to_use() -> None:
    program = under_tape("tf.nn.softmax(x)", "[[1.0], [2.0]]")

    (finding,) = linted(flat_operation, program)

    assert finding.message.endswith("is zero: `tf.nn.softmax` is over one element")
    assert finding.help == "use `sigmoid` for one unit, or `softmax` over two"


@pytest.mark.parametrize("value", ["tf.nn.relu(x) ** 2", "tf.nn.elu(x)", "tf.nn.relu(x) * x"])
def test_a_second_derivative_of_what_bends_is_silent(value: str) -> None:
    assert linted(flat_operation, SECOND.replace("VALUE", value)) == []


def test_the_pieces_of_a_second_derivative_are_named() -> None:
    (finding,) = linted(flat_operation, SECOND.replace("VALUE", "tf.nn.relu(x)"))

    assert finding.message.endswith("is zero: `tf.nn.relu` is made of straight pieces")
    assert "`tanh`" in (finding.help or "")


def test_what_is_computed_with_the_zeros_is_not_told_again() -> None:
    inner = "".join(
        f"    {line}\n" for line in SECOND.replace("VALUE", "tf.nn.relu(x)").splitlines()
    )
    program = f"with tf.GradientTape() as tape:\n{inner}g = tape.gradient(curvature, x)\n"

    (finding,) = linted(flat_operation, program)

    assert finding.span.line == 7
