"""TAP107: the source equals a tensor the target was made from, but is another tensor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Node
from tapelint.analysis.observations import Cause, Observation
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import LONGEST_ADVICE_CODE, code, fitting
from tapelint.checks.verdicts import Case, caused_by, groups
from tapelint.model import Finding

CODE = "TAP107"
RULE = Rule(CODE, "equal-but-different-source")
IS_MINE = caused_by(Cause.EQUAL)

PARTS = frozenset({"[]", "element", "tf.gather"})


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every request with a source that only looks like the right one."""
    for group in groups(observations, IS_MINE):
        twin = name_of(original(group.first))
        why = f"the target was made from {code(twin)}" if twin else "the target was made without it"
        yield RULE.lost(group, why=why, help=advice(group.first, twin))


def original(case: Case) -> Node | None:
    """Return the tensor that the target was made from."""
    first = case.lost.way[0] if case.lost.way else None
    return first if first is not case.lost.source else None


def name_of(node: Node | None) -> str:
    """Return what the user calls a value."""
    return (node.label or "") if node is not None else ""


def advice(case: Case, twin: str) -> str:
    """Say what to ask for."""
    source = case.lost.source
    if source.op in PARTS and twin:
        return f"ask for {code(twin, LONGEST_ADVICE_CODE)} and take the part of its gradient"
    if twin and twin != case.lost.label:
        return f"ask for {code(twin, LONGEST_ADVICE_CODE)} itself"
    return fitting("take the source and the target from one call, and ask for that very tensor")
