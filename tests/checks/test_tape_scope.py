"""TAP308: calls that a tape cannot answer."""

from __future__ import annotations

import pytest
from story import Story, lost_to

from tapelint.analysis.observations import Cause, TapeExhausted, TapeMisused
from tapelint.checks import tape_scope

PROGRAM = """\
w = tf.Variable(3.0)
tape = tf.GradientTape()
tape.watch(w)
y = w**2
tape.gradients(y, w)
tape.gradient(y, w)
"""


def test_a_second_request_is_another_rule() -> None:
    story = Story(PROGRAM)
    place = story.at("tape.gradient(y, w)")
    exhausted = TapeExhausted(place, "gradient", place, story.at("tf.GradientTape()"), True)
    assert list(tape_scope.check([exhausted])) == []


@pytest.mark.parametrize(
    ("call", "what", "message"),
    [
        (
            "tape.gradient(y, w)",
            "never entered",
            "`tape.gradient` raises: the tape was never entered",
        ),
        (
            "tape.watch(w)",
            "watch before with",
            "`tape.watch` raises: the tape is not entered yet",
        ),
        (
            "tape.gradients(y, w)",
            "no method gradients",
            "`tape.gradients` raises: a tape has no such method",
        ),
    ],
)
def test_a_misuse_is_reported_once_where_it_raises(call: str, what: str, message: str) -> None:
    story = Story(PROGRAM)
    misused = TapeMisused(story.at(call), what, story.at("tf.GradientTape()"))
    (finding,) = tape_scope.check([misused, misused])
    assert finding.message == message
    assert finding.span == story.at(call).span()
    assert finding.steps[0].span.line == 2


def test_a_misuse_of_a_tape_of_unknown_origin_has_no_step_for_it() -> None:
    story = Story(PROGRAM)
    (finding,) = tape_scope.check([TapeMisused(story.at("tape.watch(w)"), "never entered", None)])
    assert len(finding.steps) == 1


def test_another_tape_recorded_the_computation() -> None:
    story = Story(PROGRAM)
    w = story.variable("tf.Variable(3.0)", "w")
    missing = lost_to(Cause.WRONG_TAPE, "w", w)
    (finding,) = tape_scope.check([story.asked("tape.gradient(y, w)", w, missing)])
    assert finding.message.endswith("is None: `tape` did not record it")
