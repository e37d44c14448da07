"""Tells whether the rows of a batch depend on each other on the way from a target to a source.

`batch_jacobian` takes each row to be by itself: it gives the sum over the batch instead.
"""

from __future__ import annotations

from tapelint.analysis import shapes
from tapelint.analysis.graph import Node, Session
from tapelint.analysis.origins import short
from tapelint.analysis.singular import path_to
from tapelint.analysis.values import Const, Data, VariableValue

# The note of a layer that normalises by what it sees in this batch.
BATCH_STATISTICS = "batch statistics"
AVERAGES = frozenset(
    "reduce_sum reduce_mean reduce_std reduce_variance reduce_prod reduce_logsumexp sum mean std "
    "var logsumexp norm".split()
)
ARITHMETIC = frozenset("+ - * / ** -x +x".split())
# Layers and operations that do the same to every row.
BY_ROW = frozenset(
    "Dense Activation Dropout LayerNormalization BatchNormalization concat Concatenate Add".split()
)


def mixes_rows(session: Session, targets: list[Node], source: Node) -> bool:
    """Whether some operation on the way to a source computes one value of all rows."""
    path = path_to(session, targets, [source])
    batches = {source}
    # A parent is always made before its child.
    for node in sorted(path.nodes, key=lambda n: n.number):
        name = short(node.op)
        values = [v.node for _, v in node.operands if isinstance(v, Data | VariableValue)]
        if not batches.intersection(values):
            continue
        if node.note == BATCH_STATISTICS or (name in AVERAGES and is_over_rows(node)):
            return True
        if name in ARITHMETIC | shapes.SAME | shapes.ELEMENTWISE | BY_ROW:
            batches.add(node)
    return False


def is_over_rows(node: Node) -> bool:
    """Whether a reduction runs over the first axis, alone or among all."""
    arguments = dict(node.operands[1:])
    axis = arguments.get("axis")
    if axis == Const(0):
        return True
    return axis in (None, Const(None)) and not set(arguments) - {"axis", "keepdims", "name"}
