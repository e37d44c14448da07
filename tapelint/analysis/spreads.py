"""Spreads that are zero: of one element, or of what a `relu` has switched off throughout."""

from __future__ import annotations

from tapelint.analysis.graph import Node
from tapelint.analysis.origins import behind, short
from tapelint.analysis.plausible import has_axis
from tapelint.analysis.shapes import is_one, shape_of
from tapelint.analysis.values import Const, Data, Value

CUTS = frozenset({"relu", "relu6", "ReLU"})
# What leaves a row of numbers together.
ARRANGED = frozenset("identity cast convert_to_tensor transpose expand_dims squeeze".split())
MEANS = frozenset({"reduce_mean", "mean"})
DIFFERENCES = frozenset({"-", "subtract"})
POWERS = frozenset({"**", "pow", "power"})


def is_off(node: Node, x: Value | None) -> bool:
    """Whether a spread is taken along rows of a `relu`, which is off for some row throughout."""
    return is_cut(x) and has_axis(node)


def is_cut(x: Value | None) -> bool:
    """Whether a value is of a `relu`, as far as its rows are concerned."""
    made_by = behind(x, ARRANGED)
    return made_by is not None and short(made_by.op) in CUTS


def is_variance_off(x: Value | None) -> bool:
    """Whether a value is the variance, however it is written, along rows of a `relu`."""
    made_by = behind(x, ARRANGED | {"element"})
    if made_by is None or not made_by.operands:
        return False
    first = made_by.operands[0][1]
    match short(made_by.op):
        case "reduce_variance" | "var":
            return is_off(made_by, first)
        case "moments" if made_by.output == 1:
            return is_cut(first)
        case name if name in MEANS and has_axis(made_by):
            # for: reduce_mean(square(x - reduce_mean(x, axis)), axis)
            return is_cut(deviation_of(first))
        case _:
            return False


def deviation_of(square: Value) -> Value | None:
    """Return `x` of `square(x - reduce_mean(x))`."""
    difference = square_of(square)
    if difference is None or short(difference.op) not in DIFFERENCES:
        return None
    (_, x), (_, mean) = difference.operands[:2]
    average = behind(mean, ARRANGED)
    if average is None or short(average.op) not in MEANS or not average.operands:
        return None
    return x if behind(average.operands[0][1], ARRANGED) is behind(x, ARRANGED) else None


def square_of(value: Value) -> Node | None:
    """Return what was squared, in whichever of the ways to write it."""
    made_by = value.node if isinstance(value, Data) else None
    if made_by is None or not made_by.operands:
        return None
    base, *exponent = [v for _, v in made_by.operands]
    name = short(made_by.op)
    is_square = name == "square" or (name in POWERS and exponent == [Const(2)])
    return base.node if is_square and isinstance(base, Data) else None


def is_over_one(node: Node) -> bool:
    """Whether a spread is taken over an axis of one element, which has none."""
    axis = dict(node.operands).get("axis")
    return isinstance(axis, Const) and is_one(shape_of(node.operands[0][1]), axis.value)
