"""TAP503: sqrt at zero."""

from __future__ import annotations

import pytest
from linted import linted, under_tape

from tapelint.checks import sqrt_at_zero
from tapelint.model import Confidence, Role


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("tf.sqrt(x**2 + 1e-8)", "0.0"),
        ("tf.sqrt(x)", "[1.0, 4.0]"),
    ],
)
def test_what_is_away_from_the_bad_point_is_silent(value: str, source: str) -> None:
    assert linted(sqrt_at_zero, under_tape(value, source)) == []


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("tf.sqrt(tf.nn.relu(x))", "[1.0, 4.0]"),
        ("tf.math.reduce_std(x, axis=0)", "[[1.0, 2.0]]"),
    ],
)
def test_the_operation_and_its_bad_point_are_named(value: str, source: str) -> None:
    (finding,) = linted(sqrt_at_zero, under_tape(value, source))
    assert finding.message.endswith("its argument is zero")
    assert finding.confidence is Confidence.LIKELY
    assert [step.role for step in finding.steps] == [Role.SOURCE, Role.BREAK]
