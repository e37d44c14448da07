"""Static shapes, where they are written out: enough to tell a vector from a batch of rows.

A shape is a tuple whose unknown dimensions are None; None for a shape that is not known at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.values import Box, Const, Data, SliceValue, Tuple, Value, VariableValue

Shape: TypeAlias = "tuple[int | None, ...] | None"
Inputs = Sequence[tuple[str, Value]]
Elements = Callable[[Value], "Sequence[Value] | None"]

# The result has the shape of the first argument.
SAME = frozenset(
    "abs exp log square sqrt rsqrt sin cos tan tanh sigmoid softmax relu gelu elu selu softplus sign "
    "negative identity cast stop_gradient zeros_like ones_like clip_by_value l2_normalize cumsum "
    "reverse sort floor ceil round log_softmax leaky_relu swish silu expm1 log1p erf acos asin "
    "atan cosh sinh -x +x value read_value random_normal_like roll fft ifft conj softsign relu6 "
    "log_sigmoid logical_not ensure_shape nan_to_num clip absolute float32 float64 "
    "copy astype numpy".split()
)
REDUCTIONS = frozenset(
    "reduce_sum reduce_mean reduce_max reduce_min reduce_prod reduce_std reduce_variance "
    "reduce_logsumexp reduce_any reduce_all argmax argmin norm sum mean max min prod std var "
    "amax amin logsumexp".split()
)
# The shape is the first argument, written out.
MADE = frozenset(
    "zeros ones normal uniform truncated_normal stateless_normal stateless_uniform fill "
    "stateless_truncated_normal rand randn random full".split()
)
ELEMENTWISE = frozenset(
    "add subtract multiply divide pow power maximum minimum squared_difference divide_no_nan".split()
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
    keywords = dict(inputs)
    match short:
        case "reshape" if len(inputs) > 1:
            return reshaped(known, written(inputs[1][1], elements))
        case "flatten" | "ravel":
            return (size(known),)
        case "range" | "arange":
            return counted([v for _, v in inputs[:3]])
        case "argsort" if keywords.get("axis") != Const(None):
            return known
        case "linspace" if known == ():
            return (whole(keywords.get("num")),)
        case "concat" | "concatenate":
            return chained(elements(first), keywords.get("axis"))
        case "where" if len(inputs) > 2:
            chosen = broadcast(shape_of(inputs[1][1]), shape_of(inputs[2][1]))
            # for: np.where(x > 0.0, 1.9, 0.1)
            return known if chosen == () else chosen
        case _ if short in REDUCTIONS and all(n == "name" for n, _ in inputs[1:]):
            # Over all axes, however many there are; `tf.argmax` alone takes the first one.
            return None if short in ("argmax", "argmin") else ()
        case _ if known is None:
            return None
        case "matmul":
            if any(name.startswith(("transpose", "adjoint")) for name in keywords):
                return None
            return product(known, shape_of(inputs[1][1]) if len(inputs) > 1 else None)
        case "expand_dims":
            return expanded(known, keywords.get("axis"))
        case "transpose" if len(inputs) == 1:
            return known[::-1]
        case "squeeze":
            return squeezed(known, keywords.get("axis"))
        case "one_hot":
            return (*known, whole(keywords.get("depth") or keywords.get("num_classes")))
        case "matvec" if len(known) > 1 and len(inputs) == 2:
            return known[:-1]
        case "gather" if {"batch_dims", "axis"} == keywords.keys() - {
            "params",
            "indices",
        } and known:
            return picked(known, keywords)
        case "gather" | "embedding_lookup" if len(inputs) == 2 and known:
            indices = shape_of(inputs[1][1])
            return None if indices is None else (*indices, *known[1:])
        case _ if short in REDUCTIONS:
            return reduced(known, keywords)
        case _:
            return None


def picked(shape: tuple[int | None, ...], keywords: Mapping[str, Value]) -> Shape:
    """Return the shape of `gather(x, i, axis=1, batch_dims=1)`: of each row the element named."""
    at = shape_of(keywords["indices"]) if "indices" in keywords else None
    batch, axis = whole(keywords["batch_dims"]), keywords["axis"]
    position = axis.value if isinstance(axis, Const) and isinstance(axis.value, int) else None
    if batch is None or position is None or at is None or len(at) < batch:
        return None
    position = position if position >= 0 else len(shape) + position
    if not batch <= position < len(shape):
        return None
    return (*shape[:position], *at[batch:], *shape[position + 1 :])


def named(inputs: Inputs, *names: str) -> Value | None:
    return next((value for name, value in inputs if name in names), None)


def is_column(value: Value) -> bool:
    """Whether a value has two axes or more, one element along the last."""
    if isinstance(value, Data | VariableValue) and value.shape is not None:
        return len(value.shape) > 1 and value.shape[-1] == 1
    return isinstance(value, Data) and value.is_column


def stays_column(name: str, inputs: Inputs) -> bool:
    """Whether a column comes out of an operation that keeps the number of axes."""
    short = name.rpartition(".")[2]
    if short in SAME:
        return bool(inputs) and is_column(inputs[0][1])
    return short in ELEMENTWISE and combine_to_column([v for _, v in inputs[:2]])


def combine_to_column(operands: Sequence[Value]) -> bool:
    """Whether arithmetic on the operands gives a column: of one, with columns and numbers."""
    return any(is_column(v) for v in operands) and all(
        is_column(v) or shape_of(v) in ((), (1,)) for v in operands
    )


def joined(a: Shape, b: Shape) -> Shape:
    """Return what is known of a shape that is one of two."""
    if a is None or b is None or len(a) != len(b):
        return None
    return tuple(x if x == y else None for x, y in zip(a, b, strict=True))


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


def whole(value: Value | None) -> int | None:
    """Return a known whole number."""
    if isinstance(value, Const) and isinstance(value.value, int) and value.value >= 0:
        return value.value
    return None


def size(shape: Shape) -> int | None:
    """Return the number of elements."""
    if shape is None or None in shape:
        return None
    return math.prod(n for n in shape if n is not None)


def reshaped(old: Shape, new: Shape) -> Shape:
    """Return a new shape with its one open dimension worked out."""
    total = size(old)
    if new is None or total is None or new.count(None) != 1:
        return new
    rest = math.prod(n for n in new if n is not None)
    return tuple(total // rest if n is None and rest else n for n in new)


def counted(bounds: Sequence[Value]) -> Shape:
    """Return the shape of `range(start, limit, delta)`."""
    if any(shape_of(v) not in ((), None) for v in bounds):
        return None
    known = [v.value for v in bounds if isinstance(v, Const) and isinstance(v.value, int)]
    if len(known) < len(bounds) or (len(known) == 3 and known[2] == 0):
        return (None,)
    return (len(range(*known)),)


def chained(parts: Sequence[Value] | None, axis: Value | None) -> Shape:
    """Return the shape of tensors put end to end."""
    shapes = [shape_of(part) for part in parts or ()]
    known = [s for s in shapes if s is not None]
    position = 0 if axis is None else axis.value if isinstance(axis, Const) else None
    if not known or len(known) < len(shapes) or not isinstance(position, int):
        return None
    rank = len(known[0])
    position = position if position >= 0 else rank + position
    if any(len(s) != rank for s in known) or not 0 <= position < rank:
        return None
    lengths = [s[position] for s in known]
    total = None if None in lengths else sum(n for n in lengths if n is not None)
    first = known[0]
    return (*first[:position], total, *first[position + 1 :])


def squeezed(shape: tuple[int | None, ...], axis: Value | None) -> Shape:
    """Return a shape without axes of one element; one that is not known is taken to have more."""
    if axis is None or axis == Const(None):
        return tuple(n for n in shape if n != 1)
    if not isinstance(axis, Const) or not isinstance(axis.value, int):
        return None
    position = axis.value if axis.value >= 0 else len(shape) + axis.value
    if not 0 <= position < len(shape):
        return None
    return (*shape[:position], *shape[position + 1 :])


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
    """Return the shape of a matrix product; with a vector that of NumPy's."""
    if left is not None and right is not None and len(right) == 1:
        return left[:-1]
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


def indexed(shape: Shape, index: Value | None, elements: Elements) -> Shape:
    """Return the shape of `x[index]`."""
    if shape is None or index is None:
        return None
    steps = list(index.elements) if isinstance(index, Tuple) else [index]
    remaining, result = list(shape), list[int | None]()
    # What is taken by whole numbers, of which NumPy makes one row: where it stands, and its shape.
    picks: list[int] = []
    picked_shape: Shape = ()
    for position, step in enumerate(steps):
        match step:
            case Const(value=None):
                result.append(1)
            case Const(value=bool()):
                return None
            case SliceValue() if remaining:
                result.append(sliced(remaining.pop(0), step))
            case _ if remaining and (taken := positions(step, elements)) is not None:
                remaining.pop(0)
                picked_shape = broadcast(picked_shape, taken)
                picks.append(position)
            case _:
                return None
    if picked_shape is None:
        return None
    if picked_shape and picks != list(range(picks[0], picks[-1] + 1)):
        return None
    before = picks[0] if picked_shape else 0
    return (*result[:before], *picked_shape, *result[before:], *remaining)


def positions(step: Value, elements: Elements) -> Shape:
    """Return the shape of an index that is a whole number, or several of them."""
    match step:
        case Const(value=bool()):
            return None
        case Const(value=int()):
            return ()
        case Data() if step.dtype is DType.INT:
            return () if step.kind is Kind.PYTHON else step.shape
        case Tuple() | Box():
            inner = elements(step)
            is_row = bool(inner) and all(positions(v, elements) == () for v in inner or ())
            return (len(inner),) if inner and is_row else None
        case _:
            return None


def sliced(length: int | None, step: SliceValue) -> int | None:
    """Return how many elements a slice takes."""
    bounds = []
    for bound in (step.lower, step.upper, step.step):
        if bound is not None and not isinstance(bound, Const):
            return None
        bounds.append(None if bound is None else bound.value)
    if bounds == [None, None, None]:
        return length
    if length is None or not all(b is None or isinstance(b, int) for b in bounds):
        return None
    return None if bounds[2] == 0 else len(range(*slice(*bounds).indices(length)))


def expanded(shape: tuple[int | None, ...], axis: Value | None) -> Shape:
    if not isinstance(axis, Const) or not isinstance(axis.value, int):
        return None
    position = axis.value if axis.value >= 0 else len(shape) + 1 + axis.value
    return (*shape[:position], 1, *shape[position:])


def reduced(shape: tuple[int | None, ...], keywords: Mapping[str, Value]) -> Shape:
    axis, keep = keywords.get("axis"), keywords.get("keepdims")
    if axis is None or axis == Const(None):
        return (1,) * len(shape) if keep == Const(True) else () if not is_kept(keep) else None
    if not isinstance(axis, Const) or not isinstance(axis.value, int):
        return None
    position = axis.value if axis.value >= 0 else len(shape) + axis.value
    if not 0 <= position < len(shape):
        return None
    if keep != Const(True) and is_kept(keep):
        return None
    kept = (1,) if keep == Const(True) else ()
    return (*shape[:position], *kept, *shape[position + 1 :])


def is_kept(keep: Value | None) -> bool:
    """Whether `keepdims` may be true."""
    return keep is not None and keep != Const(False)


def is_one(shape: Shape, axis: object) -> bool:
    """Whether an axis that is written out is known to have one element."""
    if shape is None or not isinstance(axis, int):
        return False
    return -len(shape) <= axis < len(shape) and shape[axis] == 1
