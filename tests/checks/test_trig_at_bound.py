"""TAP509: trig at bound."""

from __future__ import annotations

import pytest
from linted import linted, under_tape

from tapelint.checks import trig_at_bound
from tapelint.model import Confidence, Role


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("tf.acos(x)", "0.0"),
        ("tf.acos(tf.clip_by_value(x, -0.99, 0.99))", "0.0"),
    ],
)
def test_what_is_away_from_the_bad_point_is_silent(value: str, source: str) -> None:
    assert linted(trig_at_bound, under_tape(value, source)) == []


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("tf.acos(tf.clip_by_value(x, -1.0, 1.0))", "0.0"),
    ],
)
def test_the_operation_and_its_bad_point_are_named(value: str, source: str) -> None:
    (finding,) = linted(trig_at_bound, under_tape(value, source))
    assert finding.message.endswith("its argument is 1 or -1")
    assert finding.confidence is Confidence.LIKELY
    assert [step.role for step in finding.steps] == [Role.SOURCE, Role.BREAK]
