"""TAP103: a source of integer, bool or string dtype."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.observations import Cause, Observation
from tapelint.checks.findings import Rule, names
from tapelint.checks.phrasing import LONGEST_ADVICE_CODE, code
from tapelint.checks.verdicts import Group, caused_by, groups
from tapelint.model import Finding

CODE = "TAP103"
RULE = Rule(CODE, "integer-source")
IS_MINE = caused_by(Cause.BLOCKED_DTYPE)

DTYPES = {DType.INT: "integer", DType.BOOL: "bool", DType.STRING: "string"}


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every request with sources that can have no gradient."""
    for group in groups(observations, IS_MINE):
        dtype = DTYPES.get(group.first.lost.source.dtype, "integer")
        yield RULE.lost(group, why=f"{dtype} dtype", help=advice(group))


def advice(group: Group) -> str:
    """Say how the source becomes float."""
    source = group.first.lost.source
    name = code(names(group), LONGEST_ADVICE_CODE)
    if source.dtype is not DType.INT:
        return f"ask for a float tensor that is computed from {name}"
    if source.kind is Kind.VARIABLE or source.op in ("tf.constant", "tf.range"):
        return f"make {name} float: write `3.0` for `3`, or give `dtype=tf.float32`"
    return f"cast {name} to float before the tape, or ask for what is looked up with it"
