"""TAP104: names that lose their variable, and updates that raise."""

from __future__ import annotations

import pytest
from linted import linted
from story import Story, lost_to

from tapelint.analysis.graph import Rebinding
from tapelint.analysis.observations import Cause, VariableAugmented
from tapelint.checks import rebound_variable
from tapelint.model import Finding, Role

PROGRAM = """\
w = tf.Variable(3.0)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = w**2
    g = tape.gradient(loss, w)
    {statement}
"""


def find(statement: str, slot: str = "w", cause: Cause = Cause.REBOUND) -> list[Finding]:
    """Let the statement replace the variable by a tensor before the second turn."""
    story = Story(PROGRAM.format(statement=statement))
    variable = story.variable("tf.Variable(3.0)", slot)
    tensor = story.tensor(statement.partition("= ")[2], "-", variable, label=slot)
    loss = story.tensor("w**2", "**", tensor, label="loss")
    rebinding = Rebinding(slot, story.at(statement), variable)
    missing = lost_to(cause, slot, tensor, loss, rebinding=rebinding)
    return list(rebound_variable.check([story.asked("tape.gradient(loss, w)", loss, missing)]))


def augmented(statement: str, op: str) -> list[Finding]:
    story = Story(PROGRAM.format(statement=statement))
    variable = story.variable("tf.Variable(3.0)", "w")
    observation = VariableAugmented(story.at(statement), "w", op, variable)
    return list(rebound_variable.check([observation, observation]))


def test_a_tensor_that_was_never_a_variable_is_another_rule() -> None:
    assert find("w = w - g", cause=Cause.UNWATCHED) == []


def test_the_finding_stands_at_the_statement_that_binds_the_name() -> None:
    (finding,) = find("w = w - 0.1 * g")
    assert finding.span.line == 6
    assert finding.message == (
        "the gradient of `loss` with respect to `w` is None: `w` is a tensor from here on"
    )
    assert [(step.role, step.span.line) for step in finding.steps] == [
        (Role.SOURCE, 1),
        (Role.BREAK, 6),
        (Role.TARGET, 4),
        (Role.TAPE, 5),
    ]


@pytest.mark.parametrize(
    ("statement", "update"),
    [
        ("w = w - 0.1 * g", "w.assign_sub(0.1 * g)"),
        ("w = w + g", "w.assign_add(g)"),
        ("w = g + w", "w.assign_add(g)"),
        ("w = g - w", "w.assign(g - w)"),
        ("w = w.assign_sub(g)", "w.assign_sub(g)"),
        ("w = tf.clip_by_value(w, 0, 1)", "w.assign(tf.clip_by_value(w, 0, 1))"),
        ("w //= g", "w.assign(w // g)"),
        ("w, v = g, g", "w.assign(...)"),
        ("for w in range(3): pass", "w.assign(...)"),
    ],
)
def test_the_update_in_place_is_written_out(statement: str, update: str) -> None:
    (finding,) = find(statement)
    assert finding.help == f"update the variable in place: `{update}`"


def test_an_attribute_is_updated_as_an_attribute() -> None:
    (finding,) = find("self.w = self.w - g", "self.w")
    assert finding.help == "update the variable in place: `self.w.assign_sub(g)`"


@pytest.mark.parametrize(
    ("statement", "op", "update"),
    [
        ("w -= 0.1 * g", "-", "w.assign_sub(0.1 * g)"),
        ("w += g", "+", "w.assign_add(g)"),
        ("w *= 2.0", "*", "w.assign(w * 2.0)"),
    ],
)
def test_an_augmented_assignment_to_a_tensorflow_variable_raises(
    statement: str, op: str, update: str
) -> None:
    (finding,) = augmented(statement, op)
    assert finding.message == f"`w {op}=` on a `tf.Variable` raises"
    assert finding.help == f"update the variable in place: `{update}`"
    assert finding.span.line == 6


DESCENT = """\
def descend(variables, gradients, rate):
    for {names} in zip(variables, gradients):
        {before}
        {update}
        {after}
    {end}
w, b = tf.Variable(2.0), tf.Variable(1.0)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = (w * 3.0 + b) ** 2
    descend([w, b], tape.gradient(loss, [w, b]), 0.1)
{later}
"""
PLAIN = {
    "names": "v, g",
    "before": "pass",
    "update": "v = v - rate * g",
    "after": "pass",
    "end": "return None",
    "later": "",
}


@pytest.mark.parametrize(
    "part",
    [
        {"update": "v.assign(v - rate * g)"},
        {"update": "new = v - rate * g", "after": "v.assign(new)"},
        {"after": "print(v)"},
        {"after": "if rate > 1.0:\n            print(v)"},
        {"end": "return v"},
        {"after": "show = lambda: v"},
        {"update": "v = rate * g"},
        {"update": "v = g - rate * g"},
        {"update": "v = v - 1.0"},
        {"before": "global v"},
        {"after": "print(locals())"},
        {"before": "for k in range(2):\n            v = v - rate * g"},
    ],
)
def test_an_updated_value_that_may_be_read_is_silent(part: dict[str, str]) -> None:
    assert linted(rebound_variable, DESCENT.format(**{**PLAIN, **part})) == []


@pytest.mark.parametrize(
    "part",
    [
        {},
        {"before": "print(v)"},
        {"update": "v = tf.subtract(v, rate * g)"},
        {"end": "return [v.name for v in variables]"},
        {"end": "for v in variables:\n        print(v)"},
        {"later": "def other(v):\n    return v"},
        {"names": "(v, g)", "update": "v = v - rate * tf.clip_by_norm(g, 1.0)"},
    ],
)
def test_an_update_of_the_name_of_a_loop_is_lost(part: dict[str, str]) -> None:
    (finding,) = linted(rebound_variable, DESCENT.format(**{**PLAIN, **part}))
    assert finding.span.line == 5
    assert "the variable keeps its value" in finding.message
    assert finding.help.startswith("update the variable in place: `v.assign")


@pytest.mark.parametrize(
    ("end", "count"), [("return w", 0), ("return loss", 1), ("WEIGHTS.append(w)", 0)]
)
def test_an_update_of_a_parameter_ends_with_its_function(end: str, count: int) -> None:
    program = (
        "def step(w):\n    with tf.GradientTape() as tape:\n        loss = w ** 2\n"
        f"    w = w - 0.1 * tape.gradient(loss, w)\n    {end}\nstep(tf.Variable(3.0))\n"
    )
    assert len(linted(rebound_variable, program)) == count


@pytest.mark.parametrize(("is_loop", "count"), [(False, 0), (True, 1)])
def test_a_name_of_a_script_may_be_read_elsewhere_but_for_that_of_a_loop(
    is_loop: bool, count: int
) -> None:
    update = "w = w - 0.1 * g\n"
    if is_loop:
        update = "for v, d in zip([w], [g]):\n    v = v - 0.1 * d\n"
    program = (
        "w = tf.Variable(3.0)\nwith tf.GradientTape() as tape:\n    loss = w ** 2\n"
        f"g = tape.gradient(loss, w)\n{update}"
    )
    assert len(linted(rebound_variable, program)) == count
