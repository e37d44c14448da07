"""Finds losses in which a row of numbers meets a column, so that every number meets every other.

`(n,)` against `(n, 1)` gives `(n, n)` in TensorFlow 2.21, without a word. Where this is meant, an
axis is put in on purpose beside it: nothing is said then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis import shapes
from tapelint.analysis.graph import Kind, Node
from tapelint.analysis.ir import Place
from tapelint.analysis.observations import LossBroadcast, Side
from tapelint.analysis.origins import short
from tapelint.analysis.shapes import is_column, shape_of
from tapelint.analysis.singular import Path
from tapelint.analysis.values import Const, Data, Tuple, Value

# What is done with an error before it is averaged.
ARITHMETIC = frozenset("+ - * / add subtract multiply divide truediv squared_difference".split())
ERRORS = frozenset({"-", "subtract", "squared_difference", "*", "multiply"})
MEASURES = frozenset(
    "-x +x negative square abs sqrt pow power ** cast stop_gradient identity where minimum maximum "
    "log1p softplus clip_by_value multiply_no_nan divide_no_nan".split()
)
AVERAGES = frozenset({"reduce_mean", "reduce_sum", "mean", "sum", "l2_loss"})
# What Keras makes of the losses of an output, of a batch.
KERAS = frozenset({"loss", "losses"})
INSERTIONS = frozenset({"expand_dims", "reshape", "broadcast_to", "repeat", "tile", "meshgrid"})
COMBINED = shapes.ELEMENTWISE | ARITHMETIC | {"**"}
MOST_NODES = 400


class Finder:
    """Walks from a target back through what averages and measures an error."""

    def __init__(self, path: Path, targets: Sequence[Node]) -> None:
        self.path = path
        self.seen: set[tuple[Node, bool]] = set()
        self.waiting = [(node, False) for node in targets]

    def found(self) -> Iterator[tuple[Node, Data, Data]]:
        """Yield each operation in which a row meets a column, with the two."""
        while self.waiting and len(self.seen) < MOST_NODES:
            node, is_averaged = self.waiting.pop()
            if (node, is_averaged) in self.seen:
                continue
            self.seen.add((node, is_averaged))
            yield from self.look(node, is_averaged)

    def look(self, node: Node, is_averaged: bool) -> Iterator[tuple[Node, Data, Data]]:
        """Look at one operation, and note where to go on."""
        if node.kind is Kind.JOIN:
            self.waiting += [(edge.parent, is_averaged) for edge in node.edges]
            return
        name = short(node.op)
        operands = [value for _, value in node.operands]
        if name in AVERAGES or {word for word, _ in node.operands} & KERAS:
            self.go_on(operands, True)
        elif name in ARITHMETIC and len(operands) >= 2:
            left, right = operands[:2]
            is_error = is_averaged and name in ERRORS
            if (
                is_error
                and isinstance(left, Data)
                and isinstance(right, Data)
                and self.is_accident(left, right)
            ):
                yield node, left, right
            else:
                self.go_on(operands, is_averaged)
        elif name in MEASURES:
            self.go_on(operands, is_averaged)

    def go_on(self, operands: Sequence[Value], is_averaged: bool) -> None:
        self.waiting += [(v.node, is_averaged) for v in operands if isinstance(v, Data)]

    def is_accident(self, left: Data, right: Data) -> bool:
        """Whether a row meets a column, one of them to be learned and the other given."""
        row, column = (right, left) if is_column(left) else (left, right)
        if not is_column(column) or not is_same_axis(row, column):
            return False
        # for: a target network, or this one without its gradient, which give what is to be learned
        if self.path.holds(row) == self.path.holds(column):
            return False
        return not inserts_axis(column)


def is_same_axis(row: Data, column: Data) -> bool:
    """Whether the numbers of a row are those of a column's rows."""
    if row.shape is None or len(row.shape) != 1:
        return False
    rows = column.shape[-2] if column.shape is not None else None
    count = row.shape[0]
    if count is not None:
        return count > 1 and rows == count
    # As many as a batch has, which a few numbers that are written out have not.
    return rows is None and (column.shape is None or len(column.shape) == 2) and is_batch(row)


def is_batch(row: Data, depth: int = 0) -> bool:
    """Whether a row has a number for each element of a batch."""
    if row.node.op == "dataset element":
        return True
    inner = [v for _, v in row.node.operands if isinstance(v, Data) and v.shape != ()]
    return depth < 8 and bool(inner) and all(is_batch(v, depth + 1) for v in inner)


def inserts_axis(value: Value, depth: int = 0) -> bool:
    """Whether an axis was put in on purpose on the way to a value."""
    if not isinstance(value, Data) or depth > 12:
        return False
    node, name = value.node, short(value.node.op).lstrip(".")
    if name in INSERTIONS or (name == "[]" and any(is_new_axis(v) for _, v in node.operands)):
        return True
    if node.kind is Kind.JOIN:
        return any(inserts_axis(Data(e.parent), depth + 1) for e in node.edges)
    if name not in shapes.SAME | COMBINED | {"[]", "convert_to_tensor"}:
        return False
    values = [v for _, v in node.operands]
    if name in COMBINED and any(is_column(v) and not inserts_axis(v, depth + 1) for v in values):
        # for: reward[:, None] + best, of rows that were a column before
        return False
    return any(inserts_axis(v, depth + 1) for v in values)


def is_new_axis(index: Value) -> bool:
    """Whether an index is `None`, or holds one."""
    if isinstance(index, Tuple):
        return any(is_new_axis(part) for part in index.elements)
    return index == Const(None) or getattr(index, "name", "").endswith("newaxis")


def observed(
    path: Path, targets: Sequence[Node], asked: Place, seen: set[Node]
) -> Iterator[LossBroadcast]:
    """Yield each operation that makes a loss of pairs which do not belong together, once."""
    for node, left, right in Finder(path, targets).found():
        if node not in seen and node.place is not None:
            seen.add(node)
            sides = tuple(Side(value.node, written(value)) for value in (left, right))
            yield LossBroadcast(node.place, asked, sides)


def written(value: Value) -> tuple[int | None, ...]:
    """Return a shape for a message: of a column whose other axes are not known the last two."""
    return shape_of(value) or (None, 1)
