"""TAP302: what belongs into the `with`."""

from __future__ import annotations

from story import Story, lost

from tapelint.analysis.observations import Break, Cause
from tapelint.checks import computed_outside_tape
from tapelint.model import Finding, Role

PROGRAM = """\
w = tf.Variable(3.0)
hidden = w * 2.0
with tf.GradientTape() as tape:
    y = hidden**2
loss = tf.reduce_sum(y)
tape.gradient(loss, w)
"""


def find(where: str, op_of_hidden: str = "*") -> list[Finding]:
    """Compute `hidden` before the tape, or `loss` behind it."""
    story = Story(PROGRAM)
    w = story.variable("tf.Variable(3.0)", "w")
    hidden = story.tensor("w * 2.0", op_of_hidden, w, label="hidden")
    y = story.tensor("hidden**2", "**", hidden, label="y")
    loss = story.tensor("tf.reduce_sum(y)", "tf.reduce_sum", y, label="loss")
    node = hidden if where == "before" else loss
    broken = Break(Cause.OUTSIDE, node, node.edges[0])
    asked = story.asked(
        "tape.gradient(loss, w)",
        loss,
        lost("w", w, hidden, y, loss, breaks=[broken]),
        tape="tf.GradientTape()",
    )
    return list(computed_outside_tape.check([asked]))


def test_a_first_derivative_outside_an_outer_tape_is_another_rule() -> None:
    assert find("before", "gradient") == []


def test_a_computation_before_the_tape() -> None:
    (finding,) = find("before")
    assert finding.span.line == 2
    assert finding.message == (
        "the gradient of `loss` with respect to `w` is None: `hidden` is computed outside the tape"
    )
    assert finding.help == "compute `hidden` inside the `with` of `tape`"


def test_the_tape_comes_behind_what_precedes_it() -> None:
    (finding,) = find("before")
    assert [(s.role, s.span.line) for s in finding.steps] == [
        (Role.SOURCE, 1),
        (Role.BREAK, 2),
        (Role.TAPE, 3),
        (Role.STEP, 4),
        (Role.TARGET, 5),
        (Role.TAPE, 6),
    ]


def test_the_tape_comes_before_what_follows_it() -> None:
    (finding,) = find("behind")
    assert [(s.role, s.span.line) for s in finding.steps] == [
        (Role.SOURCE, 1),
        (Role.STEP, 2),
        (Role.TAPE, 3),
        (Role.STEP, 4),
        (Role.BREAK, 5),
        (Role.TARGET, 5),
        (Role.TAPE, 6),
    ]
