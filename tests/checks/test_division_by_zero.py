"""TAP505: division by zero."""

from __future__ import annotations

import pytest
from linted import linted, under_tape

from tapelint.checks import division_by_zero
from tapelint.model import Confidence, Role


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("1.0 / (tf.reduce_sum(x * tf.zeros([3])) + 1e-6)", "[1.0, 2.0, 3.0]"),
        ("1.0 / x", "[1.0, 2.0]"),
        ("tf.math.divide_no_nan(1.0, tf.nn.relu(x))", "[1.0, 2.0]"),
    ],
)
def test_what_is_away_from_the_bad_point_is_silent(value: str, source: str) -> None:
    assert linted(division_by_zero, under_tape(value, source)) == []


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("1.0 / tf.nn.relu(x)", "[1.0, 2.0]"),
        ("x / tf.abs(x)", "[0.0, 2.0]"),
    ],
)
def test_the_operation_and_its_bad_point_are_named(value: str, source: str) -> None:
    (finding,) = linted(division_by_zero, under_tape(value, source))
    assert finding.message.endswith("the divisor is zero")
    assert finding.confidence is Confidence.LIKELY
    assert [step.role for step in finding.steps] == [Role.SOURCE, Role.BREAK]


@pytest.mark.parametrize("test", ["tf.abs(x) < 1e-6", "x == 0.0", "tf.equal(x, 0.0)"])
def test_a_divisor_that_was_made_harmless_is_silent(test: str) -> None:
    value = f"tf.where({test}, 0.0, 1.0 / tf.where({test}, tf.ones_like(x), x))"
    assert linted(division_by_zero, under_tape(value, "[0.0, 1.0]")) == []
