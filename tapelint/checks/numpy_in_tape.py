"""TAP201: a NumPy, SciPy or `math` function between source and target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Node, Reason
from tapelint.analysis.observations import Observation
from tapelint.checks.findings import Rule, idle_terms
from tapelint.checks.phrasing import callee, code
from tapelint.checks.twins import stand_in, twin
from tapelint.checks.verdicts import break_place, cut_by, groups
from tapelint.model import Finding

CODE = "TAP201"
RULE = Rule(CODE, "numpy-in-tape")
IS_MINE = cut_by(Reason.NUMPY)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every NumPy call that ends a gradient."""
    for group in groups(observations, IS_MINE, break_place):
        name = code(function(group.first.broken.node))
        yield RULE.lost(
            group,
            why=f"cut here by {name}",
            at_break=f"{name} leaves TensorFlow and gives a NumPy value",
            help=advice(group.first.broken.node),
        )
    yield from idle_terms(RULE, observations, Reason.NUMPY, function, advice)


def function(node: Node) -> str:
    """Return the function as the user spelled it."""
    return "[...] =" if is_write(node) else callee(node.op, node.place)


def is_write(node: Node) -> bool:
    """Whether a tensor was written into an array: `buffer[i] = loss`."""
    return any(edge.argument == "[]=" for edge in node.edges)


def advice(node: Node) -> str:
    """Name the TensorFlow function that does the same, or what is smooth where that is flat."""
    if is_write(node):
        return "collect the tensors in a list and join them with `tf.stack`"
    op, name = node.op, code(function(node))
    if replacement := twin(op):
        return f"use `{replacement}` instead of {name}"
    if smooth := stand_in(op):
        return f"{name} has no derivative to pass on either: {smooth}"
    return f"use TensorFlow operations instead of {name}; `tf.experimental.numpy` has most names"
