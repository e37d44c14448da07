"""TAP307: sums that are taken for a matrix."""

from __future__ import annotations

import pytest
from linted import linted

from tapelint.checks import summed_target as rule
from tapelint.model import Role, Severity

PROGRAM = """\
x = tf.Variable({source})
with tf.GradientTape() as tape:
    y = {value}
{answer} = tape.gradient(y, x)
"""
VECTOR, BATCH = "[1.0, 2.0]", "[[1.0, 2.0], [3.0, 4.0]]"
PAIR = "tf.stack([x[0] * x[1], x[0] ** 2])"


@pytest.mark.parametrize(
    ("source", "value", "answer"),
    [
        (VECTOR, PAIR, "gradient"),
        (VECTOR, PAIR, "jacobian_vector_product"),
        (VECTOR, PAIR, "hessian_diagonal"),
        (VECTOR, PAIR, "jacket"),
        # One derivative each.
        (VECTOR, "x**3", "jacobian"),
        (VECTOR, "tf.sin(x) * 2.0 + x", "jacobian"),
        # One number, of one number or of each row.
        (VECTOR, "x[0] * x[1]", "jacobian"),
        ("2.0", "x * tf.constant([1.0, 2.0])", "jacobian"),
        (BATCH, "tf.reduce_sum(x**2, axis=1)", "jacobian"),
        (BATCH, "tf.reduce_sum(x**2, axis=1, keepdims=True)", "jacobian"),
        ("[[1.0], [2.0]]", "tf.matmul(x, tf.ones((1, 2)))", "jacobian"),
        # Who knows.
        (VECTOR, "unknown(x)", "jacobian"),
    ],
)
def test_what_is_one_derivative_each_or_not_called_a_matrix_is_fine(
    source: str, value: str, answer: str
) -> None:
    program = PROGRAM.format(source=source, value=value, answer=answer)
    assert linted(rule, f"from elsewhere import unknown\n{program}") == []


@pytest.mark.parametrize(
    ("source", "value", "answer"),
    [
        (VECTOR, PAIR, "jacobian"),
        (VECTOR, PAIR, "J_jac"),
        (VECTOR, "tf.nn.softmax(x)", "jacobian"),
        (BATCH, "tf.matmul(x, tf.ones((2, 3)))", "jac"),
    ],
)
def test_a_sum_that_is_called_a_matrix_is_named(source: str, value: str, answer: str) -> None:
    (finding,) = linted(rule, PROGRAM.format(source=source, value=value, answer=answer))
    assert finding.message.startswith(f"`{answer}` is a sum")
    assert finding.severity is Severity.NOTE
    assert finding.help == "ask for `tape.jacobian`"
    assert [step.role for step in finding.steps] == [Role.TARGET, Role.BREAK]


def test_a_gradient_of_a_gradient_is_no_hessian() -> None:
    program = """\
x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        y = x[0] ** 2 * x[1]
    slope = inner.gradient(y, x)
hessian = outer.gradient(slope, x)
"""
    (finding,) = linted(rule, program)
    assert finding.help == "ask for `outer.jacobian`"
