"""TAP201: a NumPy, SciPy or `math` function between source and target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Reason
from tapelint.analysis.observations import Observation
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import callee, code
from tapelint.checks.twins import stand_in, twin
from tapelint.checks.verdicts import Case, break_place, cut_by, groups
from tapelint.model import Finding

CODE = "TAP201"
RULE = Rule(CODE, "numpy-in-tape")
IS_MINE = cut_by(Reason.NUMPY)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every NumPy call that ends a gradient."""
    for group in groups(observations, IS_MINE, break_place):
        name = code(function(group.first))
        yield RULE.lost(
            group,
            why=f"cut here by {name}",
            at_break=f"{name} leaves TensorFlow and gives a NumPy value",
            help=advice(group.first),
        )


def function(case: Case) -> str:
    """Return the function as the user spelled it."""
    if is_write(case):
        return "[...] ="
    return callee(case.broken.node.op, case.broken.node.place)


def is_write(case: Case) -> bool:
    """Whether a tensor was written into an array: `buffer[i] = loss`."""
    edge = case.broken.edge
    return edge is not None and edge.argument == "[]="


def advice(case: Case) -> str:
    """Name the TensorFlow function that does the same, or what is smooth where that is flat."""
    if is_write(case):
        return "collect the tensors in a list and join them with `tf.stack`"
    op, name = case.broken.node.op, code(function(case))
    if replacement := twin(op):
        return f"use `{replacement}` instead of {name}"
    if smooth := stand_in(op):
        return f"{name} has no derivative to pass on either: {smooth}"
    return f"use TensorFlow operations instead of {name}; `tf.experimental.numpy` has most names"
