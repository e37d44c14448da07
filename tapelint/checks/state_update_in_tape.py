"""TAP204: a value passes through a variable's `assign` between source and target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Reason
from tapelint.analysis.observations import Observation
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import called, code
from tapelint.checks.verdicts import Case, break_place, cut_by, groups
from tapelint.model import Finding

CODE = "TAP204"
RULE = Rule(CODE, "state-update-in-tape")
IS_MINE = cut_by(Reason.ASSIGN)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every assignment to a variable that ends a gradient."""
    for group in groups(observations, IS_MINE, break_place):
        name = code(update(group.first))
        yield RULE.lost(
            group,
            why=f"cut here by {name}",
            at_break=f"{name} stores the value, and not where it came from",
            help=advice(group.first),
        )


def update(case: Case) -> str:
    """Return the updating method as the user spelled it: `state.assign_add`."""
    node = case.broken.node
    return called(node.place) if node.place is not None else node.op


def advice(case: Case) -> str:
    """Say how to carry the value without state."""
    node = case.broken.node
    kind = node.op.rpartition(".")[2]
    name = node.label or "total"
    later = "and assign after the gradient is taken"
    if kind.startswith("scatter") or "scatter" in kind:
        return f"use `tf.tensor_scatter_nd_update`, which is recorded, {later}"
    if kind == "assign_add":
        return f"carry the sum in a tensor, as `total = {name} + ...`, {later}"
    if kind == "assign_sub":
        return f"carry the difference in a tensor, as `rest = {name} - ...`, {later}"
    return f"use the assigned tensor itself in place of {code(name)}, {later}"
