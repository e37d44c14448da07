"""TAP108: nothing of the source reaches the target."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Edge, Node, Reason
from tapelint.analysis.ir import Place
from tapelint.analysis.observations import Cause, GradientAsked, NoneQuestioned, Observation
from tapelint.checks.findings import Rule
from tapelint.checks.naming import names_as_code, target_name
from tapelint.checks.phrasing import LONGEST_ADVICE_CODE, code
from tapelint.checks.verdicts import Case, caused_by, cut_by, groups
from tapelint.model import Finding

CODE = "TAP108"
RULE = Rule(CODE, "unconnected-source")

WITHOUT_VALUE = {
    Reason.CONTROL: "it only decides a branch",
    Reason.VALUE_FREE: "only its shape is used",
}

IGNORED = "the loss is made without the model"
USE_PREDICTION = "compute the loss from what the model gives: `y_pred`, or a tensor of its `call`"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every request with sources that the target does not depend on."""
    answered = sources_with_gradient(observations)
    questioned = {o.place for o in observations if isinstance(o, NoneQuestioned)}

    def is_mine(case: Case) -> bool:
        if not is_unused(case) or (case.asked.place, case.lost.source) not in answered:
            return is_unused(case)
        # One of several heads in each run: the request gives every source its gradient once. A run
        # that gives none to anything, where None is not expected, took the variables of another
        # model.
        is_empty = len(case.asked.lost) == case.asked.asked
        return is_empty and case.asked.place not in questioned

    for group in groups(observations, is_mine):
        if group.first.asked.is_training:
            yield RULE.lost(group, why=IGNORED, help=USE_PREDICTION)
            continue
        target = target_name(group.first.asked)
        sources = code(names_as_code(group), LONGEST_ADVICE_CODE)
        into = f"the computation of {code(target)}" if target else "what the target is made from"
        yield RULE.lost(
            group,
            why=use_of(group.first),
            help=f"use {sources} in {into}, or do not ask for it",
        )


def sources_with_gradient(observations: Sequence[Observation]) -> set[tuple[Place, Node]]:
    """Return the sources that a request gave a gradient in any of its runs."""
    found: set[tuple[Place, Node]] = set()
    for observation in observations:
        if isinstance(observation, GradientAsked):
            lost = {one.source for one in observation.lost}
            found |= {(observation.place, s) for s in observation.sources if s not in lost}
    return found


def is_unused(case: Case) -> bool:
    """Whether the target was made without the source's value."""
    return caused_by(Cause.UNCONNECTED)(case) or cut_by(*WITHOUT_VALUE)(case)


def use_of(case: Case) -> str:
    """Say what the source does for the target."""
    edge = case.broken.edge or first_use(case.asked.target, case.lost.source)
    reason = edge.reason if edge is not None else Reason.NONE
    return WITHOUT_VALUE.get(reason, "it never reaches the target")


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
