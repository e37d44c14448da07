"""TAP210: paused tapes and records that were thrown away."""

from __future__ import annotations

from story import Story, lost

from tapelint.analysis.observations import Break, Cause
from tapelint.checks import stopped_recording
from tapelint.model import Finding, Role

PROGRAM = """\
w = tf.Variable(3.0)
with tf.GradientTape() as tape:
    loss = w**2
    tape.reset()
    total = loss + 1.0
tape.gradient(total, w)
"""


def find(cause: Cause, began: str = "", label: str | None = "loss") -> list[Finding]:
    story = Story(PROGRAM)
    w = story.variable("tf.Variable(3.0)", "w")
    loss = story.tensor("w**2", "**", w, label=label)
    total = story.tensor("loss + 1.0", "+", loss, label="total")
    missing = lost("w", w, loss, total, breaks=[Break(cause, loss, loss.edges[0])])
    asked = story.asked("tape.gradient(total, w)", total, missing, began=began)
    return list(stopped_recording.check([asked]))


def test_a_computation_outside_the_tape_is_another_rule() -> None:
    assert find(Cause.OUTSIDE) == []


def test_a_paused_computation_is_pointed_at() -> None:
    (finding,) = find(Cause.PAUSED)
    assert finding.span.line == 3
    assert finding.message.endswith("with respect to `w` is None: `loss` is not recorded")
    assert finding.help == "move the computation of `loss` out of the `stop_recording` block"


def test_an_expression_without_a_name_is_quoted() -> None:
    (finding,) = find(Cause.PAUSED, label=None)
    assert finding.message.endswith("is None: `w**2` is not recorded")


def test_a_reset_is_pointed_at_and_follows_what_it_throws_away() -> None:
    (finding,) = find(Cause.RESET, began="tape.reset()")
    assert finding.span.line == 4
    assert [(s.role, s.span.line) for s in finding.steps] == [
        (Role.SOURCE, 1),
        (Role.STEP, 3),
        (Role.BREAK, 4),
        (Role.TARGET, 5),
        (Role.TAPE, 6),
    ]
    assert finding.help == "compute all that `total` needs after the record starts afresh"


def test_a_tape_entered_again_is_pointed_at_where_the_old_record_holds_the_value() -> None:
    (finding,) = find(Cause.RESET)
    assert finding.span.line == 3
    assert finding.message.endswith("is None: its record was thrown away")
