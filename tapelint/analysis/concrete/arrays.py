"""Arrays of anything, and what moves their items about.

An operation that only moves numbers is worked out on the positions of its argument: it picks, and
its gradient puts back where it picked.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Shape: TypeAlias = "tuple[int, ...]"


class Unsupported(Exception):
    """What is asked for is not worked out here: nothing is known of the result."""


@dataclass(frozen=True, slots=True)
class Array:
    """`items` in row-major order."""

    shape: Shape
    items: list[Any]


def size(shape: Shape) -> int:
    """Return how many items a shape has."""
    return math.prod(shape)


def positions(shape: Shape) -> Array:
    """Return the array of the positions of the items of a shape."""
    return Array(shape, list(range(size(shape))))


def strides(shape: Shape) -> list[int]:
    return [size(shape[i + 1 :]) for i in range(len(shape))]


def indices(shape: Shape) -> Iterator[tuple[int, ...]]:
    return itertools.product(*(range(n) for n in shape))


def picked(array: Array, shape: Shape, at: Callable[[tuple[int, ...]], Sequence[int]]) -> Array:
    """Return an array whose item at an index is that of `array` at `at(index)`."""
    steps = strides(array.shape)
    return Array(
        shape,
        [
            array.items[sum(s * i for s, i in zip(steps, at(index), strict=True))]
            for index in indices(shape)
        ],
    )


def broadcast_shape(*shapes: Shape) -> Shape:
    """Return the shape of an elementwise result; raises `Unsupported` where there is none."""
    rank = max((len(s) for s in shapes), default=0)
    padded = [(1,) * (rank - len(s)) + s for s in shapes]
    result = []
    for sizes in zip(*padded, strict=True):
        wide = {n for n in sizes if n != 1}
        if len(wide) > 1:
            raise Unsupported
        result.append(wide.pop() if wide else 1)
    return tuple(result)


def broadcast(array: Array, shape: Shape) -> Array:
    """Return the array repeated to a wider shape."""
    if array.shape == shape:
        return array
    missing = len(shape) - len(array.shape)
    if missing < 0 or broadcast_shape(array.shape, shape) != shape:
        raise Unsupported
    return picked(
        array,
        shape,
        lambda index: [
            0 if n == 1 else i for i, n in zip(index[missing:], array.shape, strict=True)
        ],
    )


def reshaped(array: Array, shape: Sequence[int]) -> Array:
    """Return the items in another shape, of which one size may be -1."""
    wanted = list(shape)
    if -1 in wanted:
        at = wanted.index(-1)
        rest = -size(tuple(wanted))
        if rest == 0 or len(array.items) % rest:
            raise Unsupported
        wanted[at] = len(array.items) // rest
    if size(tuple(wanted)) != len(array.items):
        raise Unsupported
    return Array(tuple(wanted), array.items)


def transposed(array: Array, order: Sequence[int] | None = None) -> Array:
    """Return the array with its axes in another order, reversed by default."""
    rank = len(array.shape)
    order = list(order) if order is not None else list(range(rank))[::-1]
    if sorted(order) != list(range(rank)):
        raise Unsupported
    inverse = [order.index(i) for i in range(rank)]
    shape = tuple(array.shape[i] for i in order)
    return picked(array, shape, lambda index: [index[i] for i in inverse])


def axis_of(axis: int, rank: int) -> int:
    """Return an axis counted from the front."""
    if not -rank <= axis < rank:
        raise Unsupported
    return axis % rank


def taken(array: Array, where: Array, axis: int) -> Array:
    """Return `gather(array, where, axis=axis)`."""
    axis = axis_of(axis, len(array.shape))
    count = array.shape[axis]
    if any(not -count <= i < count for i in where.items):
        raise Unsupported
    rank = len(where.shape)
    steps = strides(where.shape)
    shape = (*array.shape[:axis], *where.shape, *array.shape[axis + 1 :])

    def at(index: tuple[int, ...]) -> Sequence[int]:
        inner = index[axis : axis + rank]
        position = where.items[sum(s * i for s, i in zip(steps, inner, strict=True))]
        return (*index[:axis], position % count, *index[axis + rank :])

    return picked(array, shape, at)


def joined(parts: Sequence[Array], axis: int) -> Array:
    """Return the parts one after another along an axis."""
    rank = len(parts[0].shape)
    axis = axis_of(axis, rank)
    rest = {(p.shape[:axis], p.shape[axis + 1 :]) for p in parts}
    if len(rest) != 1:
        raise Unsupported
    moved = [axis, *(i for i in range(rank) if i != axis)]
    rows = [transposed(p, moved) for p in parts]
    count = sum(p.shape[axis] for p in parts)
    flat = Array((count, *rows[0].shape[1:]), [item for row in rows for item in row.items])
    return transposed(flat, [moved.index(i) for i in range(rank)])


def groups(shape: Shape, axes: Sequence[int]) -> tuple[Shape, list[int]]:
    """Return the shape that is left without some axes, and for each item where it goes there."""
    kept = [i for i in range(len(shape)) if i not in axes]
    left = tuple(shape[i] for i in kept)
    steps = strides(left)
    return left, [
        sum(s * index[i] for s, i in zip(steps, kept, strict=True)) for index in indices(shape)
    ]
