"""TAP501: log of exp."""

from __future__ import annotations

import pytest
from linted import linted, under_tape

from tapelint.checks import log_of_exp
from tapelint.model import Confidence, Role


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("tf.nn.softplus(x)", "3.0"),
        ("tf.math.log(tf.reduce_sum(tf.exp(x - tf.reduce_max(x))))", "[1.0, 2.0]"),
    ],
)
def test_what_is_away_from_the_bad_point_is_silent(value: str, source: str) -> None:
    assert linted(log_of_exp, under_tape(value, source)) == []


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("tf.math.log(1.0 + tf.exp(x))", "3.0"),
        ("tf.math.log(tf.reduce_sum(tf.exp(x)))", "[1.0, 2.0]"),
        ("tf.exp(x) / (1.0 + tf.exp(x))", "100.0"),
    ],
)
def test_the_operation_and_its_bad_point_are_named(value: str, source: str) -> None:
    (finding,) = linted(log_of_exp, under_tape(value, source))
    assert finding.message.endswith("`exp` overflows")
    assert finding.confidence is Confidence.LIKELY
    assert [step.role for step in finding.steps] == [Role.SOURCE, Role.BREAK]


def test_what_happens_inside_a_custom_gradient_is_silent() -> None:
    program = """\
@tf.custom_gradient
def log1pexp(x):
    e = tf.exp(x)
    def grad(upstream):
        return upstream * (1 - 1 / (1 + e))
    return tf.math.log(1 + e), grad
x = tf.Variable(100.0)
with tf.GradientTape() as tape:
    y = log1pexp(x)
g = tape.gradient(y, x)
"""
    assert linted(log_of_exp, program) == []
