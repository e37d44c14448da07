"""TAP205: an operation without a gradient between source and target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Reason
from tapelint.analysis.observations import Observation
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import code, described
from tapelint.checks.twins import stand_in
from tapelint.checks.verdicts import Case, Outcome, break_place, cut_by, groups
from tapelint.model import Finding

CODE = "TAP205"
RULE = Rule(CODE, "non-differentiable-op")
IS_MINE = cut_by(Reason.OP)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every operation that has no gradient to give."""
    for group in groups(observations, IS_MINE, break_place):
        node = group.first.broken.node
        name = code(described(node.op, node.place))
        yield RULE.lost(
            group,
            why=f"{name} {WHY[group.first.outcome]}",
            at_break=f"{name} {BEHAVIOUR[group.first.outcome]}",
            help=advice(group.first),
        )


WHY = {
    Outcome.NONE: "has none",
    Outcome.ZERO: "is flat",
    Outcome.RAISES: "has none registered",
}
BEHAVIOUR = {
    Outcome.NONE: "has no gradient",
    Outcome.ZERO: "is flat: its gradient is zero",
    Outcome.RAISES: "has no gradient registered",
}


def advice(case: Case) -> str:
    """Name a smooth stand-in."""
    node = case.broken.node
    if smooth := stand_in(node.op):
        return smooth
    name = code(described(node.op, node.place))
    return f"write {name} with arithmetic, or give it a derivative with `tf.custom_gradient`"
