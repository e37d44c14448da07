"""TAP303: first derivatives that are not on the outer tape."""

from __future__ import annotations

from story import Story, lost

from tapelint.analysis.graph import Node
from tapelint.analysis.observations import Break, Cause
from tapelint.checks import lost_higher_order
from tapelint.model import Finding, Role

PROGRAM = """\
w = tf.Variable(3.0)
with tf.GradientTape() as inner:
    y = w**3
slope = inner.gradient(y, w)
with tf.GradientTape() as outer:
    penalty = slope**2
outer.gradient(penalty, w)
"""


def find(cause: Cause, first: str) -> list[Finding]:
    """Lose the second derivative by a break at `y` or at `slope`."""
    story = Story(PROGRAM)
    w = story.variable("tf.Variable(3.0)", "w")
    y = story.tensor("w**3", "**", w, label="y")
    slope = story.tensor("inner.gradient(y, w)", "gradient", y, label="slope")
    penalty = story.tensor("slope**2", "**", slope, label="penalty")
    node: Node = {"y": y, "slope": slope, "penalty": penalty}[first]
    missing = lost("w", w, y, slope, penalty, breaks=[Break(cause, node, node.edges[0])])
    return list(
        lost_higher_order.check([story.asked("outer.gradient(penalty, w)", penalty, missing)])
    )


def test_something_else_outside_the_outer_tape_is_another_rule() -> None:
    assert find(Cause.OUTSIDE, "penalty") == []


def test_the_finding_stands_at_the_outer_request() -> None:
    (finding,) = find(Cause.HIGHER_ORDER, "slope")
    assert finding.span.line == 7
    assert finding.message == (
        "the gradient of `penalty` with respect to `w` is None: `slope` is not on this tape"
    )
    assert finding.help == "move `inner.gradient` into the `with` of `outer`"
    assert [(s.span.line, s.message) for s in finding.steps if s.role is Role.BREAK] == [
        (4, "`inner.gradient` runs while `outer` is not open")
    ]


def test_all_that_leads_to_the_first_derivative_belongs_to_it() -> None:
    (finding,) = find(Cause.OUTSIDE, "y")
    assert finding.message.endswith("`slope` is not on this tape")
