"""TAP106: variables of a tape that watches nothing by itself."""

from __future__ import annotations

from story import Story, lost_to

from tapelint.analysis.observations import Cause
from tapelint.checks import unwatched_variable
from tapelint.model import Finding, Role

PROGRAM = """\
w = tf.Variable(3.0)
with tf.GradientTape(watch_accessed_variables=False) as tape:
    loss = w**2
tape.gradient(loss, w)
"""


def find(cause: Cause) -> list[Finding]:
    story = Story(PROGRAM)
    w = story.variable("tf.Variable(3.0)", "w")
    loss = story.tensor("w**2", "**", w, label="loss")
    asked = story.asked("tape.gradient(loss, w)", loss, lost_to(cause, "w", w, loss))
    return list(unwatched_variable.check([asked]))


def test_a_variable_that_is_not_trainable_is_another_rule() -> None:
    assert find(Cause.NOT_TRAINABLE) == []


def test_the_advice_offers_both_ways() -> None:
    (finding,) = find(Cause.NOT_AUTO_WATCHED)
    assert finding.message.endswith("`w` is None: the tape never watched it")
    assert finding.help == (
        "call `tape.watch(w)` first in the `with`, or drop `watch_accessed_variables=False`"
    )


def test_the_chain_shows_the_tape() -> None:
    (finding,) = find(Cause.NOT_AUTO_WATCHED)
    assert [(s.role, s.span.line) for s in finding.steps] == [
        (Role.SOURCE, 1),
        (Role.TAPE, 2),
        (Role.TARGET, 3),
        (Role.TAPE, 4),
    ]
