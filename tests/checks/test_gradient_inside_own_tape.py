"""TAP304: requests that a persistent tape records."""

from __future__ import annotations

from story import Story

from tapelint.analysis.observations import Observation, RequestMisused
from tapelint.checks import gradient_inside_own_tape as rule
from tapelint.model import Role, Severity

PROGRAM = """\
with tf.GradientTape(persistent=True) as t:
    y = x**3
    slope = t.gradient(y, x)
curvature = t.gradient(slope, x)
"""


def inside(story: Story, what: str = "inside own tape") -> Observation:
    tape = story.at("tf.GradientTape(persistent=True)")
    return RequestMisused(story.at("t.gradient(y, x)"), what, "", tape)


def test_a_symbolic_source_is_another_rule() -> None:
    assert list(rule.check([inside(Story(PROGRAM), "symbolic source")])) == []


def test_a_gradient_that_is_differentiated_again_has_to_be_recorded() -> None:
    story = Story(PROGRAM)
    x = story.variable("x**3", "x")
    slope = story.tensor("t.gradient(y, x)", "gradient", x, label="slope")
    doubled = story.tensor("t.gradient(slope, x)", "*", slope)
    second = story.asked("t.gradient(slope, x)", doubled, asked=1)
    assert list(rule.check([inside(story), second])) == []


def test_any_other_request_is_a_warning() -> None:
    (finding,) = rule.check([inside(Story(PROGRAM))])
    assert finding.severity is Severity.WARNING
    assert finding.span.line == 3
    assert finding.message == "`t.gradient` is recorded by its own tape, inside the `with`"
    assert finding.help == "move it behind the `with`, or put it under `with t.stop_recording():`"
    assert [step.role for step in finding.steps] == [Role.TAPE, Role.BREAK]
