"""TAP203: a cast to an integer, bool or string dtype, or arithmetic in one, on the path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import DType, Effect, Reason
from tapelint.analysis.observations import Observation
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import code, described
from tapelint.checks.verdicts import Case, break_place, cut_by, groups
from tapelint.model import Finding

CODE = "TAP203"
RULE = Rule(CODE, "integer-cast")
IS_MINE = cut_by(Reason.CAST)

DTYPES = {DType.INT: "integers", DType.BOOL: "bools", DType.STRING: "strings"}


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every cast that ends a gradient."""
    for group in groups(observations, IS_MINE, break_place):
        node = group.first.broken.node
        dtype = DTYPES.get(node.dtype, "integers")
        name = code(described(node.op, node.place))
        yield RULE.lost(
            group,
            why=f"{name} gives {dtype} here",
            at_break=f"{name} gives {dtype}, which carry no gradient",
            help=advice(group.first),
        )


def advice(case: Case) -> str:
    """Say how to stay in float, or to cast without a loss."""
    edge = case.broken.edge
    if edge is not None and edge.effect is Effect.FLOWS:
        return "compute in float: give the operands `dtype=tf.float32`"
    if case.broken.node.dtype is DType.INT:
        return (
            "leave out the cast, or pass the gradient straight through:"
            " `x + tf.stop_gradient(tf.round(x) - x)`"
        )
    return "leave out the cast and compute with the float tensor"
