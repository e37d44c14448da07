"""TAP510: softmax of a row that is masked throughout."""

from __future__ import annotations

import pytest
from linted import linted, under_tape

from tapelint.checks import all_masked_softmax
from tapelint.model import Confidence, Role

SOURCE = "[[1.0, 2.0], [3.0, 4.0]]"


@pytest.mark.parametrize(
    "value",
    [
        "tf.nn.softmax(tf.where([[True, False], [False, True]], x, float('-inf')))",
        "tf.nn.softmax(tf.where([[True, False], [False, False]], x, -1e9))",
        "tf.nn.softmax(tf.where(x > 2.0, x, float('-inf')), axis=0)",
        "tf.nn.softmax(tf.where(tf.sequence_mask([2, 1]), x, float('-inf')))",
    ],
)
def test_rows_with_something_left_are_silent(value: str) -> None:
    assert linted(all_masked_softmax, under_tape(f"{value} * x", SOURCE)) == []


@pytest.mark.parametrize(
    "value",
    [
        "tf.nn.softmax(tf.where([[True, False], [False, False]], x, float('-inf')))",
        "tf.nn.log_softmax(tf.where(x > 2.0, x, float('-inf')))",
        "tf.nn.softmax(tf.where(tf.sequence_mask([2, 0]), x, float('-inf')))",
    ],
)
def test_a_row_that_is_masked_throughout_is_named(value: str) -> None:
    (finding,) = linted(all_masked_softmax, under_tape(f"{value} * x", SOURCE))
    assert finding.message.endswith("a row is -inf throughout")
    assert finding.confidence is Confidence.LIKELY
    assert [step.role for step in finding.steps] == [Role.SOURCE, Role.BREAK]
