"""Tensors with a way back: each primitive knows its result and its gradient, as TensorFlow does.

Everything else is written with these, as TensorFlow's own functions are.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from tapelint.analysis.concrete import numbers
from tapelint.analysis.concrete.arrays import (
    Array,
    Shape,
    Unsupported,
    axis_of,
    broadcast,
    broadcast_shape,
    groups,
    joined,
    positions,
    size,
)
from tapelint.analysis.concrete.numbers import Number
from tapelint.analysis.graph import Node

Numbers: TypeAlias = "list[Number]"
# From the gradient of a result to that of one argument.
Pullback: TypeAlias = "Callable[[Numbers], Numbers]"
Scalar1: TypeAlias = "Callable[[Number], Number]"
Scalar2: TypeAlias = "Callable[[Number, Number], Number]"

MOST_NUMBERS = 20_000
_count = itertools.count()


@dataclass(slots=True, eq=False)
class Tensor:
    """What an operation gave. `shape` None: nothing is known, `numbers` is empty then.

    A pullback of None: something comes back, but not known what.
    """

    shape: Shape | None
    numbers: Numbers
    inputs: tuple[tuple[Tensor, Pullback | None], ...] = ()
    op: str = ""
    node: Node | None = None
    order: int = field(default_factory=lambda: next(_count))

    @property
    def is_known(self) -> bool:
        return self.shape is not None

    @property
    def array(self) -> Array:
        """The numbers with their shape; raises `Unsupported` where it is not known."""
        if self.shape is None:
            raise Unsupported
        return Array(self.shape, self.numbers)

    @property
    def rank(self) -> int:
        return len(self.array.shape)


def made(shape: Shape, numbers: Numbers, *inputs: tuple[Tensor, Pullback], op: str = "") -> Tensor:
    """Make the result of an operation; raises `Unsupported` for one that is too large."""
    if len(numbers) > MOST_NUMBERS:
        raise Unsupported
    return Tensor(shape, numbers, inputs, op)


def constant(number: Number) -> Tensor:
    """Return a scalar."""
    return Tensor((), [number])


def filled(shape: Shape, number: Number) -> Tensor:
    """Return a tensor of one number."""
    if size(shape) > MOST_NUMBERS:
        raise Unsupported
    return Tensor(shape, [number] * size(shape))


def detached(x: Tensor) -> Tensor:
    """Return the numbers of a tensor, without the way back."""
    return Tensor(x.shape, x.numbers)


# ---------------------------------------------------------------------- moving


def moved(x: Tensor, where: Array) -> Tensor:
    """Return the numbers at some positions of a tensor."""

    def pullback(g: Numbers) -> Numbers:
        return sums(g, where.items, len(x.numbers))

    return made(where.shape, [x.numbers[i] for i in where.items], (x, pullback), op="move")


def move(x: Tensor, how: Callable[[Array], Array]) -> Tensor:
    """Return a tensor moved as `how` moves an array."""
    return moved(x, how(positions(x.array.shape)))


def sums(values: Numbers, groups: Sequence[int], count: int) -> Numbers:
    """Return the sum of each group of numbers."""
    result: Numbers = [0.0] * count
    for value, group in zip(values, groups, strict=True):
        result[group] = numbers.add(result[group], value)
    return result


def axes_of(axis: int | Sequence[int] | None, rank: int) -> list[int]:
    """Return the axes that `axis` names, counted from the front."""
    if axis is None:
        return list(range(rank))
    return [axis_of(a, rank) for a in ((axis,) if isinstance(axis, int) else axis)]


def total(x: Tensor, axis: int | Sequence[int] | None = None, keep: bool = False) -> Tensor:
    """Return `reduce_sum(x)`."""
    axes = axes_of(axis, x.rank)
    left, where = groups(x.array.shape, axes)
    result = sums(x.numbers, where, size(left))
    summed = made(left, result, (x, lambda g: [g[i] for i in where]), op="sum")
    return kept(summed, x, axes) if keep else summed


def kept(reduced: Tensor, x: Tensor, axes: Sequence[int]) -> Tensor:
    """Return a reduced tensor with axes of one element where it was reduced."""
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.array.shape))
    return move(reduced, lambda a: Array(shape, a.items))


def count_along(x: Tensor, axis: int | Sequence[int] | None) -> int:
    """Return how many numbers a reduction makes one of."""
    return math.prod(x.array.shape[i] for i in axes_of(axis, x.rank))


def concatenated(parts: Sequence[Tensor], axis: int) -> Tensor:
    """Return `concat(parts, axis)`."""
    if not parts:
        raise Unsupported
    offsets = list(itertools.accumulate((len(p.numbers) for p in parts), initial=0))
    shifted = [
        Array(p.array.shape, [i + offset for i in range(len(p.numbers))])
        for p, offset in zip(parts, offsets, strict=False)
    ]
    where = joined(shifted, axis)
    flat = [number for part in parts for number in part.numbers]

    def part(start: int, end: int) -> Pullback:
        def pullback(g: Numbers) -> Numbers:
            return sums(g, where.items, len(flat))[start:end]

        return pullback

    inputs = [(p, part(a, b)) for p, a, b in zip(parts, offsets, offsets[1:], strict=False)]
    return made(where.shape, [flat[i] for i in where.items], *inputs, op="concat")


def expanded(x: Tensor, axis: int) -> Tensor:
    """Return `expand_dims(x, axis)`."""
    at = axis_of(axis, x.rank + 1)
    shape = (*x.array.shape[:at], 1, *x.array.shape[at:])
    return move(x, lambda a: Array(shape, a.items))


def stacked(parts: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Return `stack(parts, axis)`."""
    return concatenated([expanded(p, axis) for p in parts], axis)


# ---------------------------------------------------------------------- elementwise


def elementwise(x: Tensor, forward: Scalar1, slope: Scalar2, op: str) -> Tensor:
    """Return f(x); `slope(x, y)` is the derivative, by which the gradient is multiplied."""
    results = [forward(n) for n in x.array.items]

    def pullback(g: Numbers) -> Numbers:
        return [
            numbers.multiply(one, slope(n, result))
            for one, n, result in zip(g, x.numbers, results, strict=True)
        ]

    return made(x.array.shape, results, (x, pullback), op=op)


def unary(
    x: Tensor, forward: Scalar1, back: Callable[[Number, Number, Number], Number], op: str
) -> Tensor:
    """Return f(x); `back(g, x, y)` is the gradient of the argument."""
    results = [forward(n) for n in x.array.items]

    def pullback(g: Numbers) -> Numbers:
        return [back(*each) for each in zip(g, x.numbers, results, strict=True)]

    return made(x.array.shape, results, (x, pullback), op=op)


def together(*tensors: Tensor) -> list[Tensor]:
    """Return tensors broadcast to one shape."""
    shape = broadcast_shape(*(t.array.shape for t in tensors))
    return [t if t.shape == shape else move(t, lambda a: broadcast(a, shape)) for t in tensors]


Back2: TypeAlias = "Callable[[Number, Number, Number], Number]"


def binary(x: Tensor, y: Tensor, forward: Scalar2, back_x: Back2, back_y: Back2, op: str) -> Tensor:
    """Return f(x, y); `back_x(g, x, y)` is the gradient of `x`."""
    x, y = together(x, y)
    assert x.shape is not None

    def pullback(back: Back2) -> Pullback:
        return lambda g: [back(*each) for each in zip(g, x.numbers, y.numbers, strict=True)]

    results = [forward(a, b) for a, b in zip(x.numbers, y.numbers, strict=True)]
    return made(x.shape, results, (x, pullback(back_x)), (y, pullback(back_y)), op=op)


def select(condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Return `where(condition, x, y)`: the gradient is 0 where the other one was taken."""
    condition, x, y = together(condition, x, y)
    assert x.shape is not None
    tests = condition.numbers
    results = [numbers.selected(*each) for each in zip(tests, x.numbers, y.numbers, strict=True)]

    def for_x(g: Numbers) -> Numbers:
        return [numbers.selected(c, one, 0.0) for c, one in zip(tests, g, strict=True)]

    def for_y(g: Numbers) -> Numbers:
        return [numbers.selected(c, 0.0, one) for c, one in zip(tests, g, strict=True)]

    return made(x.shape, results, (x, for_x), (y, for_y), op="where")
