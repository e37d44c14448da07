"""TAP107: the source equals a tensor the target was made from, but is another tensor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Node
from tapelint.analysis.observations import Cause, Observation
from tapelint.analysis.trace import COPIES
from tapelint.checks.chain import behind_source
from tapelint.checks.findings import Rule
from tapelint.checks.naming import source_name, target_name
from tapelint.checks.phrasing import LONGEST_ADVICE_CODE, code
from tapelint.checks.verdicts import Case, Group, caused_by, groups
from tapelint.model import Finding, Role, Step

CODE = "TAP107"
RULE = Rule(CODE, "equal-but-different-source")
IS_MINE = caused_by(Cause.EQUAL)

PARTS = frozenset({"[]", "element", "tf.gather"})


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every request with a source that only looks like the right one."""
    for group in groups(observations, IS_MINE):
        case = group.first
        name = original_name(case)
        target = code(target_name(case.asked) or "the target")
        why = f"{target} was made from {code(name)}" if name else f"{target} was made without it"
        yield RULE.lost(group, why=why, help=advice(case, name), steps=(*steps(group, name),))


def original(case: Case) -> Node | None:
    """Return the tensor that the target was made from."""
    first = case.lost.way[0] if case.lost.way else None
    return first if first is not case.lost.source else None


def original_name(case: Case) -> str:
    """Return what the user calls the tensor or variable that the source equals (a part of)."""
    twin = original(case)
    if twin is not None and twin.label:
        return twin.label
    # Both are made from one thing: emb[row] and tf.gather(emb, walk).
    node = case.lost.source
    while node.op in COPIES and node.edges:
        node = node.edges[0].parent
        if node.label:
            return node.label
    return ""


def steps(group: Group, name: str) -> Iterator[Step]:
    """Yield the chain from what the target was made from to the request for something else."""
    case = group.first
    twin, source = original(case), case.lost.source
    if twin is not None and twin.place is not None:
        what = code(name) if name else "this"
        yield Step(twin.place.span(), Role.STEP, f"the target was made from {what}")
    *chain, request = behind_source(group)
    yield from chain
    if source.place is not None:
        named = source_name(case)
        what = code(named) if named else "this"
        yield Step(source.place.span(), Role.SOURCE, f"{what} is another tensor")
    yield request


def advice(case: Case, name: str) -> str:
    """Say what to ask for."""
    if case.lost.source.op in PARTS and name:
        return f"ask for {code(name, LONGEST_ADVICE_CODE)} and take the part of its gradient"
    if name and name != case.lost.label:
        return f"ask for {code(name, LONGEST_ADVICE_CODE)} itself"
    return "take the source and the target from one call, and ask for that very tensor"
