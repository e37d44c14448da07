"""TAP207: a tensor is wrapped in a new variable or constant on its way to the target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Reason
from tapelint.analysis.observations import Observation
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import called, code
from tapelint.checks.verdicts import Case, break_place, cut_by, groups
from tapelint.model import Finding

CODE = "TAP207"
RULE = Rule(CODE, "rewrapped-tensor")
IS_MINE = cut_by(Reason.REWRAP)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every new variable or constant that ends a gradient."""
    for group in groups(observations, IS_MINE, break_place):
        name = code(wrapper(group.first))
        yield RULE.lost(
            group,
            why=f"{name} copies the value here",
            at_break=f"{name} copies the numbers and starts a new history",
            help=advice(group.first),
        )


def wrapper(case: Case) -> str:
    """Return what makes the copy, as the user spelled it."""
    node = case.broken.node
    return called(node.place) if node.place is not None else node.op


def advice(case: Case) -> str:
    """Say what joins or converts tensors and is recorded."""
    last = case.broken.node.op.rpartition(".")[2]
    if last == "deepcopy":
        return "use the variable itself; `tf.identity` makes a tensor of it that is recorded"
    name = code(wrapper(case))
    return f"use the tensor without {name}: `tf.stack` joins, `tf.convert_to_tensor` converts"
