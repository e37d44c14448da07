"""TAP507: log of softmax."""

from __future__ import annotations

import pytest
from linted import linted, under_tape

from tapelint.checks import log_of_softmax
from tapelint.model import Confidence, Role


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("tf.nn.log_softmax(x)", "[1.0, 2.0]"),
        ("tf.math.log(tf.nn.softmax(x) + 1e-8)", "[1.0, 2.0]"),
    ],
)
def test_what_is_away_from_the_bad_point_is_silent(value: str, source: str) -> None:
    assert linted(log_of_softmax, under_tape(value, source)) == []


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("tf.math.log(tf.nn.softmax(x))", "[1.0, 2.0]"),
        ("tf.math.log(tf.sigmoid(x))", "[1.0, 2.0]"),
    ],
)
def test_the_operation_and_its_bad_point_are_named(value: str, source: str) -> None:
    (finding,) = linted(log_of_softmax, under_tape(value, source))
    assert finding.message.endswith("the probability rounds to zero")
    assert finding.confidence is Confidence.LIKELY
    assert [step.role for step in finding.steps] == [Role.SOURCE, Role.BREAK]
