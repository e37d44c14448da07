"""TAP104: names that lose their variable, and updates that raise."""

from __future__ import annotations

import pytest
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
