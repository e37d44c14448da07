"""TAP301: second requests to a tape that is not persistent."""

from __future__ import annotations

from story import Story

from tapelint.analysis.observations import TapeExhausted, TapeMisused
from tapelint.checks import exhausted_tape
from tapelint.model import Finding, Role

PROGRAM = """\
with tf.GradientTape() as tape:
    y, z = f(a, b)
tape.gradient(y, a)
tape.gradient(y, b)
tape.gradient(z, b)
tape.jacobian(y, b)
"""


def find(first: str, second: str, is_same_call: bool = False) -> list[Finding]:
    story = Story(PROGRAM)
    method = "jacobian" if "jacobian" in second else "gradient"
    tape = story.at("tf.GradientTape()")
    exhausted = TapeExhausted(story.at(second), method, story.at(first), tape, is_same_call)
    return list(exhausted_tape.check([exhausted, exhausted]))


def test_a_tape_that_was_never_entered_is_another_rule() -> None:
    story = Story(PROGRAM)
    misused = TapeMisused(story.at("tape.gradient(y, a)"), "never entered", None)
    assert list(exhausted_tape.check([misused])) == []


def test_the_second_request_is_the_finding_and_the_first_one_a_step() -> None:
    (finding,) = find("tape.gradient(y, a)", "tape.gradient(z, b)")
    assert finding.span.line == 5
    assert finding.message == "`tape` is not persistent and asked a second time, which raises"
    assert [(s.role, s.span.line) for s in finding.steps] == [
        (Role.TAPE, 1),
        (Role.STEP, 3),
        (Role.BREAK, 5),
    ]


def test_two_sources_of_one_target_can_be_asked_for_at_once() -> None:
    (finding,) = find("tape.gradient(y, a)", "tape.gradient(y, b)")
    assert finding.help == (
        "ask once: `tape.gradient(y, [a, b])`,"
        " or make the tape persistent: `tf.GradientTape(persistent=True)`"
    )


def test_two_targets_cannot() -> None:
    (finding,) = find("tape.gradient(y, a)", "tape.gradient(z, b)")
    assert finding.help == (
        "make the tape persistent: `tf.GradientTape(persistent=True)`,"
        " or use one tape for each target"
    )


def test_a_jacobian_is_not_joined_with_a_gradient() -> None:
    (finding,) = find("tape.gradient(y, a)", "tape.jacobian(y, b)")
    assert "ask once" not in finding.help


def test_the_same_request_in_a_loop() -> None:
    (finding,) = find("tape.gradient(y, a)", "tape.gradient(y, a)", is_same_call=True)
    assert finding.message == (
        "`tape` is not persistent and asked again in the next turn, which raises"
    )
    assert finding.help.endswith("or ask once, before the loop")
    assert len(finding.steps) == 2
