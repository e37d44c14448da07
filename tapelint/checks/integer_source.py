"""TAP103: a source of integer, bool or string dtype."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.observations import Cause, Observation
from tapelint.checks.findings import Rule
from tapelint.checks.naming import names_as_code
from tapelint.checks.phrasing import LONGEST_ADVICE_CODE, code
from tapelint.checks.verdicts import Group, caused_by, groups
from tapelint.model import Finding

CODE = "TAP103"
RULE = Rule(CODE, "integer-source")
IS_MINE = caused_by(Cause.BLOCKED_DTYPE)

DTYPES = {DType.INT: "integer", DType.BOOL: "bool", DType.STRING: "string"}
# What takes its source as a position, not as a number.
LOOKUPS = ("gather", "embedding", "one_hot")


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every request with sources that can have no gradient."""
    for group in groups(observations, IS_MINE):
        dtype = DTYPES.get(group.first.lost.source.dtype, "integer")
        yield RULE.lost(group, why=f"its dtype is {dtype}", help=advice(group))


def advice(group: Group) -> str:
    """Say how the source becomes float."""
    source = group.first.lost.source
    name = code(names_as_code(group), LONGEST_ADVICE_CODE)
    if source.dtype is not DType.INT:
        return f"ask for a float tensor that is computed from {name}"
    if is_looked_up(group):
        return f"{name} holds positions: ask for what is looked up with them"
    if source.kind is Kind.VARIABLE or source.op in ("tf.constant", "tf.range"):
        return f"make {name} float: write `3.0` for `3`, or give `dtype=tf.float32`"
    return f"cast {name} to float before the tape, and watch that"


def is_looked_up(group: Group) -> bool:
    """Whether the first operation on the source only picks something by it."""
    way = [node for node in group.first.lost.way if node is not group.first.lost.source]
    return bool(way) and any(part in way[0].op.lower() for part in LOOKUPS)
