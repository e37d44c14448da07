"""Which part of several tensors that were joined a slice takes: `concat([mean, std], -1)[:, 2:]`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tapelint.analysis.graph import Node
from tapelint.analysis.values import Box, Const, Data, SliceValue, Tuple, Value, VariableValue

JOINS = frozenset({"concat", "concatenate", "Concatenate"})
Elements = Callable[["Tuple | Box"], Iterable[Value]]


def part_of(node: Node, elements: Elements) -> Value | None:
    """Return the one part, of those joined along the last axis, in which all of a slice or split lies."""
    x = node.operands[0][1] if node.operands else None
    if not isinstance(x, Data) or not x.shape:
        return None
    index = dict(node.operands).get("index")
    split = piece(node, x.shape, elements)
    bounds = taken(index.elements, x.shape) if isinstance(index, Tuple) else split
    if bounds is None:
        return None
    parts = joined(x, elements)
    start = 0
    for part in parts:
        shape = part.shape if isinstance(part, Data | VariableValue) else None
        if not shape or len(shape) != len(x.shape) or shape[-1] is None:
            return None
        if start <= bounds[0] and bounds[1] <= start + shape[-1]:
            return part
        start += shape[-1]
    return None


def joined(x: Data, elements: Elements) -> Sequence[Value]:
    """Return what was joined along the last axis; nothing where it was not."""
    node = x.node
    kind = node.op.rpartition(".")[2]
    if kind not in JOINS or not node.operands or x.shape is None:
        return ()
    # A layer of Keras has a shape only where it joins along the last axis.
    is_layer = node.op.startswith("keras.layers.")
    axes = [value for _, value in node.operands[1:]]
    if not is_layer and not (axes and axes[0] in (Const(-1), Const(len(x.shape) - 1))):
        return ()
    given = node.operands[0][1]
    return list(elements(given)) if isinstance(given, Tuple | Box) else ()


def taken(steps: Sequence[Value], shape: Sequence[int | None]) -> tuple[int, int] | None:
    """Return from where to where an index takes numbers of the last axis, if all others are whole."""
    *others, last = steps
    count = shape[-1]
    is_last = Const(...) in others or len(steps) == len(shape)
    if count is None or not is_last or not all(s == Const(...) or is_whole(s) for s in others):
        return None
    if isinstance(last, Const) and type(last.value) is int:
        at = last.value % count
        return at, at + 1
    if not isinstance(last, SliceValue) or last.step not in (None, Const(None), Const(1)):
        return None
    ends = [v.value if isinstance(v, Const) else None for v in (last.lower, last.upper)]
    if any(v is not None and not isinstance(v, Const) for v in (last.lower, last.upper)):
        return None
    if not all(end is None or type(end) is int for end in ends):
        return None
    low, high, _ = slice(*ends).indices(count)
    return (low, high) if low < high else None


def piece(node: Node, shape: Sequence[int | None], elements: Elements) -> tuple[int, int] | None:
    """Return from where to where a piece of `tf.split(x, count or sizes, axis=-1)` reaches."""
    if node.op.rpartition(".")[2] != "split" or len(node.operands) < 3:
        return None
    (_, sizes), (_, axis) = node.operands[1:3]
    count = shape[-1]
    if count is None or axis not in (Const(-1), Const(len(shape) - 1)):
        return None
    if isinstance(sizes, Tuple | Box):
        widths = [s.value if isinstance(s, Const) else None for s in elements(sizes)]
    elif isinstance(sizes, Const) and type(sizes.value) is int and sizes.value > 0:
        widths = [count // sizes.value] * sizes.value
    else:
        return None
    known = [width for width in widths if type(width) is int and width > 0]
    if len(known) < len(widths) or node.output is None or node.output >= len(known):
        return None
    start = sum(known[: node.output])
    return start, start + known[node.output]


def is_whole(step: Value) -> bool:
    """Whether a step of an index takes all of its axis."""
    return isinstance(step, SliceValue) and all(
        v is None or v == Const(None) for v in (step.lower, step.upper, step.step)
    )
