"""TAP209: the only path from source to target goes through `stop_gradient`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tapelint.analysis.graph import Node, Reason, past
from tapelint.analysis.ir import Place
from tapelint.analysis.observations import Break, Cause, Observation
from tapelint.analysis.values import Data, VariableValue
from tapelint.checks.findings import Rule
from tapelint.checks.naming import names_as_code, written
from tapelint.checks.phrasing import LONGEST_ADVICE_CODE, callee, code
from tapelint.checks.verdicts import Case, Group, break_place, cut_by, groups
from tapelint.model import Finding

CODE = "TAP209"
RULE = Rule(CODE, "stopped-gradient")
SUMS = frozenset({"+", "tf.add", "keras.ops.add"})
DIFFERENCES = frozenset({"-", "tf.subtract", "keras.ops.subtract"})
STOPPED = cut_by(Reason.STOP)


def is_mine(case: Case) -> bool:
    """Whether a stop is a mistake rather than a design: it leaves the request nothing.

    Some of `model.trainable_variables` may be kept out on purpose; a source that is asked for by
    its name is wanted.
    """
    if not STOPPED(case):
        return False
    asked = case.asked
    is_named = bool(written(asked).written(case.lost.label))
    return len(asked.lost) == asked.asked or is_named or turned(case) is not None


@dataclass(frozen=True, slots=True, eq=False)
class Turned:
    """`hard + stop_gradient(soft - hard)`, which is the wrong way round.

    Straight through, `soft + stop_gradient(hard - soft)`, has the value of what was made from `soft`
    by a step and the gradient of `soft`. The other way the step has no use: the value is that of
    `soft`, and the gradient ends where the step was.
    """

    stop: Node
    hard: Node
    soft: Node


def turned(case: Case) -> Turned | None:
    """Return the straight-through on the way to the target that costs the source its gradient."""
    if case.asked.target is None:
        return None
    for node in past([case.asked.target]):
        found = straight_through(node) if node.op in SUMS else None
        if found is not None and case.lost.source in past([found.soft]):
            return found
    return None


def straight_through(node: Node) -> Turned | None:
    """Return what a sum adds where it is a straight-through the wrong way round."""
    terms = operands(node)
    stops = [n for n in terms if n.edges and n.edges[0].reason is Reason.STOP]
    if len(terms) != 2 or len(stops) != 1:
        return None
    (hard,) = (n for n in terms if n is not stops[0])
    inside = stops[0].edges[0].parent
    difference = operands(inside) if inside.op in DIFFERENCES else []
    if len(difference) != 2 or difference[1] is not hard:
        return None
    soft = difference[0]
    return Turned(stops[0], hard, soft) if soft is not hard and soft in past([hard]) else None


def told(group: Group) -> Group:
    """Return a group whose cases go through the stop that they are reported for."""
    return Group(group.span, tuple(through(case, turned(case)) for case in group.cases))


def through(case: Case, found: Turned | None) -> Case:
    """Return a case whose way to the target leads over the straight-through."""
    target = case.asked.target
    if found is None or target is None or case.broken.node is found.stop:
        return case
    way = (*way_between(case.lost.source, found.stop), *way_between(found.stop, target)[1:])
    broken = Break(Cause.CUT, found.stop, found.stop.edges[0])
    return Case(case.asked, replace(case.lost, breaks=(broken,), way=way), broken)


def way_between(start: Node, end: Node) -> tuple[Node, ...]:
    """Return the nodes of a shortest way from one node on to another that was made from it."""
    onward: dict[Node, Node] = {}
    waiting = deque([end])
    while waiting and start not in onward:
        node = waiting.popleft()
        for edge in node.edges:
            if edge.parent not in onward and edge.parent is not end:
                onward[edge.parent] = node
                waiting.append(edge.parent)
    way = [start]
    while way[-1] is not end and way[-1] in onward:
        way.append(onward[way[-1]])
    return tuple(way)


def place_of(case: Case) -> Place | None:
    """Return where the stop is that should stand elsewhere."""
    found = turned(case)
    return found.stop.place if found is not None else break_place(case)


def operands(node: Node) -> list[Node]:
    """Return the tensors and variables that an operation was given."""
    return [value.node for _, value in node.operands if isinstance(value, Data | VariableValue)]


def name_of(node: Node) -> str:
    """Return what the program calls a value, else its own text."""
    return node.label or (node.place.text() if node.place is not None else "")


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every stop that leaves no way back to a source."""
    for found in groups(observations, is_mine, place_of):
        group = told(found)
        node = group.first.broken.node
        name = code(callee(node.op, node.place))
        sources = code(names_as_code(group), LONGEST_ADVICE_CODE)
        yield RULE.lost(
            group,
            why=f"stopped here by {name}",
            at_break=f"{name} hides where the value came from",
            help=advice(group.first, name, sources),
        )


def advice(case: Case, name: str, sources: str) -> str:
    """Say what to write instead."""
    if (found := turned(case)) is not None:
        hard, soft = name_of(found.hard), name_of(found.soft)
        call = f"{soft} + {callee(found.stop.op, found.stop.place)}({hard} - {soft})"
        return f"turn it round, so that the gradient passes: {code(call, LONGEST_ADVICE_CODE)}"
    more = "" if case.asked.is_training else f", or do not ask for {sources}"
    return f"take {name} off this branch{more}"
