"""TAP502: where guarded singularity."""

from __future__ import annotations

import pytest
from linted import linted, under_tape

from tapelint.checks import where_guarded_singularity
from tapelint.model import Confidence, Role


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("tf.where(x > 0.0, tf.math.log(tf.where(x > 0.0, x, 1.0)), 0.0)", "[0.0, 1.0]"),
        ("tf.where(x > 0.0, tf.sqrt(x), 0.0)", "[0.0, 1.0]"),
        ("tf.where(tf.abs(x) < 1e-6, 0.0, 1.0 / tf.where(tf.abs(x) < 1e-6, 1.0, x))", "[0.0, 1.0]"),
        ("tf.where(x != 0.0, tf.math.log(tf.where(x != 0.0, x, 1.0)), 0.0)", "[0.0, 1.0]"),
        ("tf.where(tf.equal(x, 0.0), 0.0, 1.0 / tf.where(tf.equal(x, 0.0), 1.0, x))", "[0.0, 1.0]"),
        ("tf.where(tf.logical_not(x == 0.0), 1.0 / tf.where(x == 0.0, 1.0, x), 0.0)", "[0.0, 1.0]"),
    ],
)
def test_what_is_away_from_the_bad_point_is_silent(value: str, source: str) -> None:
    assert linted(where_guarded_singularity, under_tape(value, source)) == []


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("tf.where(x > 0.0, tf.math.log(x), 0.0)", "[0.0, 1.0]"),
        ("tf.where(x != 0.0, 1.0 / x, 0.0)", "[0.0, 1.0]"),
    ],
)
def test_the_operation_and_its_bad_point_are_named(value: str, source: str) -> None:
    (finding,) = linted(where_guarded_singularity, under_tape(value, source))
    assert finding.message.endswith("the guard takes the other branch")
    assert finding.confidence is Confidence.LIKELY
    assert [step.role for step in finding.steps] == [Role.SOURCE, Role.BREAK]
