"""Tensors that a program writes out: zeros, ranges, random numbers, and layers with their weights."""

from __future__ import annotations

import math

from tapelint.analysis.concrete import numbers
from tapelint.analysis.concrete.arrays import Shape, Unsupported, size
from tapelint.analysis.concrete.evaluator import Call, Operation
from tapelint.analysis.concrete.numbers import Number, named
from tapelint.analysis.concrete.tensors import MOST_NUMBERS, Tensor, filled, made
from tapelint.analysis.values import Const, DTypeValue


def zeros(call: Call) -> Tensor:
    return filled(shape_of(call), 0.0)


def ones(call: Call) -> Tensor:
    return filled(shape_of(call), 1.0)


def shape_of(call: Call) -> Shape:
    shape = call.integers(0, "shape", "dims", "size")
    if shape is None:
        raise Unsupported
    return shape


def zeros_like(call: Call) -> Tensor:
    return filled(call.known(0).array.shape, 0.0)


def ones_like(call: Call) -> Tensor:
    return filled(call.known(0).array.shape, 1.0)


def fill(call: Call) -> Tensor:
    value = call.known(1, "value", "fill_value")
    if value.shape != ():
        raise Unsupported
    return filled(shape_of(call), value.numbers[0])


def full_like(call: Call) -> Tensor:
    value = call.known(1, "fill_value")
    if value.shape != ():
        raise Unsupported
    return filled(call.known(0).array.shape, value.numbers[0])


def eye(call: Call) -> Tensor:
    found = call.integers(0, "num_rows", "N")
    if found is None or len(found) != 1 or len(call.node.operands) > 1:
        raise Unsupported
    n = found[0]
    if n * n > MOST_NUMBERS:
        raise Unsupported
    return Tensor((n, n), [float(i == j) for i in range(n) for j in range(n)])


def spaced(call: Call) -> Tensor:
    """Return `range` or `arange` of known bounds."""
    bounds = [
        call.evaluator.python(v, call.node)
        for n, v in call.node.operands
        if n in ("", "start", "limit", "delta", "stop", "step") and not isinstance(v, DTypeValue)
    ]
    bounds = [b for b in bounds if isinstance(b, int | float)]
    if not 1 <= len(bounds) <= 3:
        raise Unsupported
    start, stop = (0, bounds[0]) if len(bounds) == 1 else bounds[:2]
    step = bounds[2] if len(bounds) == 3 else 1
    if step == 0 or (stop - start) / step > MOST_NUMBERS:
        raise Unsupported
    count = max(0, math.ceil((stop - start) / step))
    return Tensor((count,), [numbers.rounded(start + i * step) for i in range(count)])


def linspace(call: Call) -> Tensor:
    start = call.option(0, "start")
    stop, count = call.option(1, "stop"), call.option(2, "num")
    if not all(isinstance(n, int | float) for n in (start, stop, count)) or count > MOST_NUMBERS:
        raise Unsupported
    steps = max(int(count) - 1, 1)
    return Tensor(
        (int(count),),
        [numbers.rounded(start + (stop - start) * i / steps) for i in range(int(count))],
    )


def one_hot(call: Call) -> Tensor:
    where, depth = call.known(0), call.option(1, "depth", "num_classes")
    if not isinstance(depth, int | float) or len(call.node.operands) > 2:
        raise Unsupported
    found: list[Number] = []
    for n in where.numbers:
        is_known = isinstance(n, float)
        found += [float(n == i) if is_known else named("one hot", n, i) for i in range(int(depth))]
    return made((*where.array.shape, int(depth)), found)


def sequence_mask(call: Call) -> Tensor:
    """Return a row of ones for each length, then zeros."""
    lengths = call.known(0, "lengths").array
    if not all(isinstance(n, float) for n in lengths.items):
        raise Unsupported
    longest = call.option(1, "maxlen", default=max(lengths.items, default=0.0))
    if not isinstance(longest, int | float):
        raise Unsupported
    count = int(longest)
    if size(lengths.shape) * count > MOST_NUMBERS:
        raise Unsupported
    return Tensor(
        (*lengths.shape, count), [float(i < n) for n in lengths.items for i in range(count)]
    )


def random(call: Call) -> Tensor:
    """Return numbers that nobody knows, all of them different."""
    shape = shape_of(call) if call.shape is None else call.shape
    if size(shape) > MOST_NUMBERS:
        raise Unsupported
    return Tensor(shape, [named("random", call.node.number, i) for i in range(size(shape))])


def shape(call: Call) -> Tensor:
    found = call.known(0).array.shape
    return Tensor((len(found),), [float(n) for n in found])


def count(call: Call) -> Tensor:
    return Tensor((), [float(size(call.known(0).array.shape))])


def made_of(row: list[Number], is_linear: bool, number: Number) -> Number:
    """Return one number that a layer makes of a row."""
    if any(map(numbers.is_nan, row)):
        return numbers.NAN
    return 0.0 if is_linear and all(n == 0 for n in row) else number


def dense(call: Call) -> Tensor:
    """Return what a layer makes of each row: of equal rows the same, of a NaN nothing but NaN.

    Without a bias it makes zeros of zeros, whatever its kernel is.
    """
    x = call.known(0, "inputs")
    named_operands = dict(call.node.operands)
    units, is_linear = named_operands.get("units"), "use_bias" in named_operands
    if not isinstance(units, Const) or not isinstance(units.value, int) or not x.rank:
        raise Unsupported
    weights = tuple(e.parent.number for e in call.node.edges if e.argument == "weights")
    width, count = x.array.shape[-1], units.value
    rows = [x.numbers[i : i + width] for i in range(0, len(x.numbers), max(width, 1))]
    made = [
        made_of(row, is_linear, named("dense", weights, i, *row))
        for row in rows
        for i in range(count)
    ]
    return call.evaluator.opaque(
        [x, *call.evaluator.parents(call.node, "weights")],
        Tensor((*x.array.shape[:-1], count), made),
    )


WRITTEN: dict[str, Operation] = {
    "zeros": zeros,
    "ones": ones,
    "zeros_like": zeros_like,
    "ones_like": ones_like,
    **dict.fromkeys(("fill", "full"), fill),
    "full_like": full_like,
    **dict.fromkeys(("eye", "identity_matrix"), eye),
    **dict.fromkeys(("range", "arange"), spaced),
    "linspace": linspace,
    "sequence_mask": sequence_mask,
    **dict.fromkeys(("one_hot", "to_categorical"), one_hot),
    **dict.fromkeys(
        "normal uniform truncated_normal stateless_normal stateless_uniform rand randn".split(),
        random,
    ),
    "shape": shape,
    "size": count,
    "Dense": dense,
}
