"""TAP108: nothing of the source reaches the target."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Edge, Node, Reason
from tapelint.analysis.observations import Cause, Observation
from tapelint.checks.findings import Rule, name_of_target, names
from tapelint.checks.phrasing import LONGEST_ADVICE_CODE, code
from tapelint.checks.verdicts import Case, caused_by, cut_by, groups
from tapelint.model import Finding

CODE = "TAP108"
RULE = Rule(CODE, "unconnected-source")

WITHOUT_VALUE = {
    Reason.CONTROL: "only decides a branch",
    Reason.VALUE_FREE: "only its shape is used",
}


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every request with sources that the target does not depend on."""
    for group in groups(observations, is_mine):
        target = name_of_target(group.first)
        sources = code(names(group), LONGEST_ADVICE_CODE)
        into = f"the computation of {code(target)}" if target else "what the target is made from"
        yield RULE.lost(
            group,
            why=use_of(group.first),
            help=f"use {sources} in {into}, or do not ask for it",
        )


def is_mine(case: Case) -> bool:
    """Whether the target was made without the source's value."""
    return caused_by(Cause.UNCONNECTED)(case) or cut_by(*WITHOUT_VALUE)(case)


def use_of(case: Case) -> str:
    """Say what the source does for the target."""
    edge = case.broken.edge or first_use(case.asked.target, case.lost.source)
    return WITHOUT_VALUE.get(edge.reason if edge is not None else Reason.NONE, "never used for it")


def first_use(target: Node | None, source: Node) -> Edge | None:
    """Return the edge by which the source enters the past of the target."""
    waiting = deque([target] if target is not None else [])
    seen: set[Node] = set()
    while waiting:
        node = waiting.popleft()
        if node in seen:
            continue
        seen.add(node)
        for edge in node.edges:
            if edge.parent is source:
                return edge
            waiting.append(edge.parent)
    return None
