"""TAP105: a watch behind the computation."""

from __future__ import annotations

from story import Story, lost_to

from tapelint.analysis.observations import Cause
from tapelint.checks import late_watch
from tapelint.model import Finding

PROGRAM = """\
x = tf.constant(3.0)
with tf.GradientTape() as t:
    y = x**2
    t.watch(x)
t.gradient(y, x)
"""


def find(cause: Cause) -> list[Finding]:
    story = Story(PROGRAM)
    x = story.tensor("tf.constant(3.0)", "tf.constant", label="x")
    y = story.tensor("x**2", "**", x, label="y")
    return list(late_watch.check([story.asked("t.gradient(y, x)", y, lost_to(cause, "x", x, y))]))


def test_a_missing_watch_is_another_rule() -> None:
    assert find(Cause.UNWATCHED) == []


def test_the_finding_stands_at_the_request_and_says_where_the_watch_belongs() -> None:
    (finding,) = find(Cause.LATE_WATCH)
    assert finding.span.line == 5
    assert finding.message.endswith("is None: it is watched too late")
    assert finding.help == "move `t.watch(x)` to the top of the `with`"
