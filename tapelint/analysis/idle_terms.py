"""Finds terms of a loss that are computed from the sources outside TensorFlow: they do nothing.

`mse + np.linalg.norm(w)` has the gradient of `mse`: what is added is a number to the tape. Nothing
is None, so that no other rule has anything to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Edge, Effect, Kind, Node, Reason, Session, past
from tapelint.analysis.ir import Place
from tapelint.analysis.observations import IdleTerm
from tapelint.analysis.origins import short
from tapelint.analysis.singular import Path
from tapelint.analysis.values import Data

ADDITIONS = frozenset({"+", "add", "-", "subtract"})
# What a loss goes through as a whole.
PASSED = frozenset({"reduce_mean", "reduce_sum", "identity", "add_n", "mean", "sum"})
LEAVES = frozenset({Reason.NUMPY, Reason.PYTHON})
MOST_NODES = 400


def observed(
    session: Session,
    path: Path,
    targets: list[Node],
    sources: list[Node],
    asked: Place,
    seen: set[Node],
) -> Iterator[IdleTerm]:
    """Yield, once, each operation that makes a number of what a term is computed from."""
    for term, rest in terms(path, targets):
        if term in path.nodes or term.kind is Kind.UNKNOWN:
            continue
        before = past([term])
        # for: x + (np.round(x.numpy()) - x.numpy()), which has the gradient of x on purpose
        if rest in before or any(node.kind is Kind.UNKNOWN for node in before):
            continue
        for node, edge in cuts(session, before, set(sources)):
            if node not in seen and node.place is not None:
                seen.add(node)
                yield IdleTerm(node.place, asked, node, edge)
            break


def terms(path: Path, targets: Sequence[Node]) -> Iterator[tuple[Node, Node]]:
    """Yield the summands of the targets, each with what it is added to."""
    waiting, seen = list(targets), set[Node]()
    while waiting and len(seen) < MOST_NODES:
        node = waiting.pop()
        if node in seen or node not in path.nodes:
            continue
        seen.add(node)
        operands = [v.node for _, v in node.operands if isinstance(v, Data)]
        name = short(node.op)
        if name in ADDITIONS and len(operands) == 2:
            yield operands[0], operands[1]
            yield operands[1], operands[0]
        if name in ADDITIONS or (name in PASSED and len(node.operands) == 1):
            waiting += operands


def cuts(session: Session, before: set[Node], sources: set[Node]) -> Iterator[tuple[Node, Edge]]:
    """Yield what left TensorFlow while the tape was open, with a source or what was made of one."""
    for node in sorted(before, key=lambda n: n.number):
        if session not in node.active:
            continue
        for edge in node.edges:
            is_left = edge.effect is Effect.CUT and edge.reason in LEAVES
            if is_left and edge.parent.is_tensor and sources & differentiable_past(edge.parent):
                yield node, edge


def differentiable_past(node: Node) -> set[Node]:
    """Return what a node was made from in ways that a gradient could come back."""
    seen: set[Node] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += [e.parent for e in one.edges if e.effect is Effect.FLOWS]
    return seen
