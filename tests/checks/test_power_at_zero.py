"""TAP508: power at zero."""

from __future__ import annotations

import pytest
from linted import linted, under_tape

from tapelint.checks import power_at_zero
from tapelint.model import Confidence, Role


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("x ** 0.5", "[1.0, 2.0]"),
        ("x ** 2", "[0.0, 2.0]"),
    ],
)
def test_what_is_away_from_the_bad_point_is_silent(value: str, source: str) -> None:
    assert linted(power_at_zero, under_tape(value, source)) == []


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("x ** 0", "[0.0, 2.0]"),
        ("tf.nn.relu(x) ** 0.5", "[1.0, 2.0]"),
    ],
)
def test_the_operation_and_its_bad_point_are_named(value: str, source: str) -> None:
    (finding,) = linted(power_at_zero, under_tape(value, source))
    assert finding.message.endswith("the base is zero")
    assert finding.confidence is Confidence.LIKELY
    assert [step.role for step in finding.steps] == [Role.SOURCE, Role.BREAK]
