"""Static shapes, where they are written out: enough to tell a vector from a batch of rows.

A shape is a tuple whose unknown dimensions are None; None for a shape that is not known at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from tapelint.analysis.values import Const, Data, SliceValue, Tuple, Value, VariableValue

Shape: TypeAlias = "tuple[int | None, ...] | None"
Inputs = Sequence[tuple[str, Value]]
Elements = Callable[[Value], "Sequence[Value] | None"]

# The result has the shape of the first argument.
SAME = frozenset(
    "abs exp log square sqrt rsqrt sin cos tan tanh sigmoid softmax relu gelu elu selu softplus sign "
    "negative identity cast stop_gradient zeros_like ones_like clip_by_value l2_normalize cumsum "
    "reverse sort floor ceil round log_softmax leaky_relu swish silu expm1 log1p erf acos asin "
    "atan cosh sinh -x +x value read_value random_normal_like roll fft ifft conj softsign relu6".split()
)
REDUCTIONS = frozenset(
    "reduce_sum reduce_mean reduce_max reduce_min reduce_prod reduce_std reduce_variance "
    "reduce_logsumexp reduce_any reduce_all argmax argmin norm".split()
)
# The shape is the first argument, written out.
MADE = frozenset(
    "zeros ones normal uniform truncated_normal stateless_normal stateless_uniform fill "
    "stateless_truncated_normal rand randn random full".split()
)
ELEMENTWISE = frozenset(
    "add subtract multiply divide pow maximum minimum squared_difference".split()
)


def result(name: str, inputs: Inputs, elements: Elements) -> Shape:
    """Return the shape of an operation's result."""
    short = name.rpartition(".")[2]
    if not inputs:
        return None
    first = inputs[0][1]
    if short in MADE:
        return written(named(inputs, "shape", "dims", "size") or first, elements)
    if short == "stack":
        return stacked(elements(first), dict(inputs).get("axis"))
    known = shape_of(first)
    if short in SAME:
        return known
    if short in ELEMENTWISE and len(inputs) >= 2:
        return broadcast(known, shape_of(inputs[1][1]))
    if known is None:
        return None
    keywords = dict(inputs)
    match short:
        case "matmul":
            if any(name.startswith(("transpose", "adjoint")) for name in keywords):
                return None
            return product(known, shape_of(inputs[1][1]) if len(inputs) > 1 else None)
        case "expand_dims":
            return expanded(known, keywords.get("axis"))
        case "transpose" if len(inputs) == 1:
            return known[::-1]
        case "reshape" if len(inputs) > 1:
            return written(inputs[1][1], elements)
        case _ if short in REDUCTIONS:
            return reduced(known, keywords)
        case _:
            return None


def named(inputs: Inputs, *names: str) -> Value | None:
    return next((value for name, value in inputs if name in names), None)


def shape_of(value: Value) -> Shape:
    """Return the shape of an operand."""
    match value:
        case Data() | VariableValue():
            return value.shape
        case Const(value=bool() | int() | float() | complex()):
            return ()
        case _:
            return None


def written(value: Value, elements: Elements) -> Shape:
    """Return a shape given as a list or tuple of numbers."""
    if isinstance(value, Const) and isinstance(value.value, int):
        return (value.value,)
    parts = elements(value)
    if parts is None:
        return None
    return tuple(
        p.value if isinstance(p, Const) and isinstance(p.value, int) and p.value >= 0 else None
        for p in parts
    )


def broadcast(a: Shape, b: Shape) -> Shape:
    """Return the shape of an elementwise result."""
    if a is None or b is None:
        return None
    if len(a) < len(b):
        a, b = b, a
    padded = (1,) * (len(a) - len(b)) + b
    return tuple(
        y if x == 1 else x if y == 1 or x == y else None for x, y in zip(a, padded, strict=True)
    )


def product(left: Shape, right: Shape) -> Shape:
    """Return the shape of a matrix product."""
    if left is None or right is None or len(left) < 2 or len(right) < 2:
        return None
    return (*left[:-1], right[-1])


def stacked(parts: Sequence[Value] | None, axis: Value | None) -> Shape:
    """Return the shape of tensors of one shape stacked along a new axis."""
    if not parts:
        return None
    shapes = [shape_of(part) for part in parts]
    known = shapes[0]
    if known is None or any(shape != known for shape in shapes):
        return None
    position = 0 if axis is None else axis.value if isinstance(axis, Const) else None
    if not isinstance(position, int):
        return None
    position = position if position >= 0 else len(known) + 1 + position
    return (*known[:position], len(parts), *known[position:])


def indexed(shape: Shape, index: Value | None) -> Shape:
    """Return the shape of `x[index]`."""
    if shape is None or index is None:
        return None
    steps = list(index.elements) if isinstance(index, Tuple) else [index]
    remaining = list(shape)
    result: list[int | None] = []
    for step in steps:
        match step:
            case Const(value=None):
                result.append(1)
            case Const(value=bool()):
                return None
            case Const(value=int()) if remaining:
                remaining.pop(0)
            case SliceValue(lower=None, upper=None) if remaining:
                result.append(remaining.pop(0))
            case SliceValue() if remaining:
                remaining.pop(0)
                result.append(None)
            case _:
                return None
    return (*result, *remaining)


def expanded(shape: tuple[int | None, ...], axis: Value | None) -> Shape:
    if not isinstance(axis, Const) or not isinstance(axis.value, int):
        return None
    position = axis.value if axis.value >= 0 else len(shape) + 1 + axis.value
    return (*shape[:position], 1, *shape[position:])


def reduced(shape: tuple[int | None, ...], keywords: Mapping[str, Value]) -> Shape:
    axis, keep = keywords.get("axis"), keywords.get("keepdims")
    if axis is None or axis == Const(None):
        return (1,) * len(shape) if keep == Const(True) else () if keep is None else None
    if not isinstance(axis, Const) or not isinstance(axis.value, int):
        return None
    position = axis.value if axis.value >= 0 else len(shape) + axis.value
    if not 0 <= position < len(shape):
        return None
    kept = (1,) if keep == Const(True) else ()
    return (*shape[:position], *kept, *shape[position + 1 :])
