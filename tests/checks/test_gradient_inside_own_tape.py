"""TAP304: requests that a persistent tape records."""

from __future__ import annotations

import pytest
from linted import linted
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


@pytest.mark.parametrize(
    "last",
    [
        "        u_xx = t.gradient(u_x, x)\n        return u_t + u * u_x - u_xx\n",
        "        u_xx = t.gradient(u_x, x)\n    return u_t + u * u_x - u_xx\n",
    ],
)
def test_of_a_tape_that_is_asked_for_second_derivatives_all_requests_are_fine(last: str) -> None:
    program = (
        "def residual(model, x, s):\n    with tf.GradientTape(persistent=True) as t:\n"
        "        t.watch([x, s])\n        u = model(x, s)\n        u_t = t.gradient(u, s)\n"
        f"        u_x = t.gradient(u, x)\n{last}"
    )
    assert linted(rule, program) == []


def test_any_other_request_is_a_warning() -> None:
    (finding,) = rule.check([inside(Story(PROGRAM))])
    assert finding.severity is Severity.WARNING
    assert finding.span.line == 3
    assert finding.message == "`t.gradient` is recorded by its own tape, inside the `with`"
    assert finding.help == "move it behind the `with`, or put it under `with t.stop_recording():`"
    assert [step.role for step in finding.steps] == [Role.TAPE, Role.BREAK]


def test_one_finding_a_tape_names_its_first_requests() -> None:
    program = (
        "v, w = tf.Variable(1.0), tf.Variable(2.0)\n"
        "with tf.GradientTape(persistent=True) as t:\n    y = v * w\n"
        "    a = t.gradient(y, v)\n    b = t.gradient(y, w)\n"
    )
    (finding,) = linted(rule, program)
    assert [(step.role, step.span.line) for step in finding.steps] == [
        (Role.TAPE, 3),
        (Role.BREAK, 5),
        (Role.STEP, 6),
    ]
