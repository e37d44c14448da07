"""Every cause and every reason of a cut is answered for by exactly one rule."""

from __future__ import annotations

import pytest
from law import breaches
from story import Story, all_findings, lost, lost_to

from tapelint.analysis.graph import DType, Edge, Effect, Node, Reason, Rebinding
from tapelint.analysis.observations import Break, Cause, Observation

PROGRAM = """\
w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    hidden = f(w)
    loss = hidden * 2.0
gradient = tape.gradient(loss, w)
w = w - gradient
"""

RULES_OF_REASONS = {
    Reason.NONE: "TAP205",
    Reason.NUMPY: "TAP201",
    Reason.PYTHON: "TAP202",
    Reason.CAST: "TAP203",
    Reason.ASSIGN: "TAP204",
    Reason.OP: "TAP205",
    Reason.THRESHOLD: "TAP206",
    Reason.REWRAP: "TAP207",
    Reason.OPAQUE: "TAP208",
    Reason.DATASET: "TAP208",
    Reason.CUSTOM: "TAP603",
    Reason.STOP: "TAP209",
    Reason.PREDICT: "TAP211",
    Reason.METRIC: "TAP212",
    Reason.SAMPLE: "TAP213",
    Reason.STRING: "TAP214",
    Reason.FLAT: "TAP215",
    Reason.VALUE_FREE: "TAP108",
    Reason.CONTROL: "TAP108",
}
RULES_OF_CAUSES = {
    Cause.UNWATCHED: "TAP101",
    Cause.NOT_TRAINABLE: "TAP102",
    Cause.BLOCKED_DTYPE: "TAP103",
    Cause.REBOUND: "TAP104",
    Cause.LATE_WATCH: "TAP105",
    Cause.NOT_AUTO_WATCHED: "TAP106",
    Cause.EQUAL: "TAP107",
    Cause.UNCONNECTED: "TAP108",
    Cause.OUTSIDE: "TAP302",
    Cause.PAUSED: "TAP210",
    Cause.RESET: "TAP210",
    Cause.HIGHER_ORDER: "TAP303",
    Cause.WRONG_TAPE: "TAP308",
    Cause.NEVER_ENTERED: "TAP308",
}


def asked(effect: Effect, reason: Reason, dtype: DType = DType.FLOAT) -> list[Observation]:
    story = Story(PROGRAM)
    w = story.variable("tf.Variable(1.0)", "w")
    hidden = story.tensor("f(w)", "f", Edge(w, effect, reason), label="hidden", dtype=dtype)
    loss = story.tensor("hidden * 2.0", "*", hidden, label="loss")
    broken = Break(Cause.CUT, hidden, hidden.edges[0])
    return [
        story.asked("tape.gradient(loss, w)", loss, lost("w", w, hidden, loss, breaks=[broken]))
    ]


def caused(cause: Cause) -> list[Observation]:
    story = Story(PROGRAM)
    w = story.variable("tf.Variable(1.0)", "w")
    hidden: Node = story.tensor("f(w)", "f", w, label="hidden")
    loss = story.tensor("hidden * 2.0", "*", hidden, label="loss")
    rebinding = Rebinding("w", story.at("w = w - gradient"), w)
    missing = lost_to(cause, "w", w, hidden, loss, rebinding=rebinding)
    return [story.asked("tape.gradient(loss, w)", loss, missing)]


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
@pytest.mark.parametrize(
    "effect", [Effect.CUT, Effect.ZEROS, Effect.RAISES], ids=lambda effect: effect.name
)
def test_a_reason_has_its_rule(effect: Effect, reason: Reason) -> None:
    found = all_findings(asked(effect, reason))
    assert [breach for finding in found for breach in breaches(finding)] == []
    assert [finding.code for finding in found] == [RULES_OF_REASONS[reason]]


@pytest.mark.parametrize("dtype", [DType.INT, DType.BOOL, DType.STRING], ids=lambda d: d.name)
def test_arithmetic_in_a_dtype_without_gradient_counts_as_a_cast(dtype: DType) -> None:
    found = all_findings(asked(Effect.FLOWS, Reason.NONE, dtype))
    assert [finding.code for finding in found] == ["TAP203"]


@pytest.mark.parametrize("cause", RULES_OF_CAUSES, ids=lambda cause: cause.name)
def test_a_cause_has_its_rule(cause: Cause) -> None:
    found = all_findings(caused(cause))
    assert [breach for finding in found for breach in breaches(finding)] == []
    assert [finding.code for finding in found] == [RULES_OF_CAUSES[cause]]


def test_no_cause_and_no_reason_is_forgotten() -> None:
    assert RULES_OF_CAUSES.keys() == set(Cause) - {Cause.CUT}
    assert RULES_OF_REASONS.keys() == set(Reason)


def test_a_request_that_loses_nothing_is_no_finding() -> None:
    story = Story(PROGRAM)
    w = story.variable("tf.Variable(1.0)", "w")
    assert all_findings([story.asked("tape.gradient(loss, w)", w, asked=1)]) == []
