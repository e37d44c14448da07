"""Tells where a gradient adds up what would be rows of a Jacobian, as far as shapes are known."""

from __future__ import annotations

from tapelint.analysis import shapes
from tapelint.analysis.graph import Node, Session
from tapelint.analysis.origins import short
from tapelint.analysis.singular import path_to
from tapelint.analysis.values import Data, Value

ELEMENTWISE = frozenset("+ - * / ** -x +x".split()) | shapes.SAME | shapes.ELEMENTWISE
# They keep the shape and look at more than one element.
MIXING = frozenset("softmax log_softmax cumsum l2_normalize reverse sort roll fft ifft".split())


def is_summed(session: Session, target: Value, source: Value, node: Node) -> bool:
    """Whether several components of a target depend on several of a source, and not one on one."""
    made, of = shapes.shape_of(target), shapes.shape_of(source)
    if not isinstance(target, Data) or not made or not of or not has_many(made, of):
        return False
    path = path_to(session, [target.node], [node])
    return not all(short(n.op) in ELEMENTWISE - MIXING for n in path.nodes if n is not node)


def has_many(made: tuple[int | None, ...], of: tuple[int | None, ...]) -> bool:
    """Whether each has more than one component: of each row, where both have as many rows."""
    if len(of) > 1:
        # for: energies of shape (n,) and (n, 1), by positions of shape (n, 3): one row a row
        made, of = made[1:], of[1:]
    return all((shapes.size(shape) or 0) > 1 for shape in (made, of))
