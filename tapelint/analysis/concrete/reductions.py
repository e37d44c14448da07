"""Reductions and products, written as TensorFlow writes them (2.21)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tapelint.analysis.concrete import numbers
from tapelint.analysis.concrete.arrays import Array, Unsupported, groups, picked, size, transposed
from tapelint.analysis.concrete.elementwise import (
    add,
    exponential,
    inverse_root,
    logged,
    maximum,
    over,
    square,
    square_root,
    squared_difference,
    subtract,
    times,
)
from tapelint.analysis.concrete.numbers import Number, Unknown, divide, is_finite, is_nan, multiply
from tapelint.analysis.concrete.tensors import (
    MOST_NUMBERS,
    Tensor,
    axes_of,
    constant,
    count_along,
    detached,
    expanded,
    kept,
    made,
    move,
    sums,
    total,
)

Axis = int | Sequence[int] | None

# ---------------------------------------------------------------------- reductions


def mean(x: Tensor, axis: Axis = None, keep: bool = False) -> Tensor:
    """Return `reduce_mean(x)`."""
    return over(total(x, axis, keep), constant(float(count_along(x, axis))))


def extreme(x: Tensor, axis: Axis, keep: bool, sign: int) -> Tensor:
    """Return `reduce_max` (`sign` 1) or `reduce_min`: equal elements share the gradient."""
    axes = axes_of(axis, x.rank)
    left, where = groups(x.array.shape, axes)
    members: list[list[int]] = [[] for _ in range(size(left))]
    for position, group in enumerate(where):
        members[group].append(position)
    best: list[Number] = []
    chosen: list[list[int] | None] = []
    for group_members in members:
        values = [x.numbers[i] for i in group_members]
        if not values:
            raise Unsupported
        if any(is_nan(v) for v in values):
            # Equal to none of them: the gradient is shared among none.
            best.append(numbers.NAN)
            chosen.append([])
        elif len(set(values)) == 1:
            best.append(values[0])
            chosen.append(group_members)
        elif any(isinstance(v, Unknown) for v in values):
            best.append(numbers.named("max", sign, *values))
            chosen.append(None)
        else:
            top = max(values, key=lambda v: sign * v if isinstance(v, float) else 0.0)
            best.append(top)
            chosen.append([i for i in group_members if x.numbers[i] == top])

    def pullback(g: list[Number]) -> list[Number]:
        result: list[Number] = [0.0] * len(x.numbers)
        for one, winners, group in zip(g, chosen, members, strict=True):
            for i in group:
                if winners is None:
                    result[i] = numbers.named("share", one, i)
                else:
                    share = divide(1.0 if i in winners else 0.0, float(len(winners)))
                    result[i] = multiply(share, one)
        return result

    reduced = made(left, best, (x, pullback), op="max")
    return kept(reduced, x, axes) if keep else reduced


def largest(x: Tensor, axis: Axis, keep: bool) -> Tensor:
    """Return `reduce_max(x)`."""
    return extreme(x, axis, keep, 1)


def smallest(x: Tensor, axis: Axis, keep: bool) -> Tensor:
    """Return `reduce_min(x)`."""
    return extreme(x, axis, keep, -1)


def product(x: Tensor, axis: Axis, keep: bool) -> Tensor:
    """Return `reduce_prod`: the gradient is made of products of the others, never by division."""
    axes = axes_of(axis, x.rank)
    left, where = groups(x.array.shape, axes)
    results: list[Number] = [1.0] * size(left)
    for number, group in zip(x.numbers, where, strict=True):
        results[group] = multiply(results[group], number)

    def pullback(g: list[Number]) -> list[Number]:
        given: list[Number] = []
        for i, group in enumerate(where):
            others: Number = 1.0
            for j, other in enumerate(where):
                if other == group and j != i:
                    others = multiply(others, x.numbers[j])
            given.append(multiply(g[group], others))
        return given

    reduced = made(left, results, (x, pullback), op="prod")
    return kept(reduced, x, axes) if keep else reduced


def variance(x: Tensor, axis: Axis, keep: bool) -> Tensor:
    """Return `reduce_variance(x)`."""
    return mean(squared_difference(x, mean(x, axis, True)), axis, keep)


def deviation(x: Tensor, axis: Axis, keep: bool, is_compiled: bool = False) -> Tensor:
    """Return `reduce_std(x)`."""
    return square_root(variance(x, axis, keep), is_compiled)


def norm(x: Tensor, axis: Axis, keep: bool, is_compiled: bool = False) -> Tensor:
    """Return the Euclidean norm."""
    return square_root(total(times(x, x), axis, keep), is_compiled)


def log_sum_exp(x: Tensor, axis: Axis, keep: bool) -> Tensor:
    """Return `reduce_logsumexp(x)`."""
    raw = extreme(x, axis, True, 1)
    top = Tensor(raw.shape, [n if is_finite(n) else 0.0 for n in raw.numbers])
    inner = add(logged(total(exponential(subtract(x, top)), axis, True)), top)
    return inner if keep else total(inner, axis)


def softmax(x: Tensor, axis: Axis) -> Tensor:
    """Return `softmax(x)`: one kernel, whose gradient is made of its result alone."""
    powers = exponential(below_top(x, axis))
    shares = over(powers, total(powers, axis, True)).numbers

    def pullback(g: list[Number]) -> list[Number]:
        weighted = total(like(x, map(multiply, g, shares)), axis, True)
        return times(subtract(like(x, g), weighted), like(x, shares)).numbers

    return made(x.array.shape, shares, (x, pullback), op="softmax")


def log_softmax(x: Tensor, axis: Axis) -> Tensor:
    """Return `log_softmax(x)`: one kernel as well."""
    below = below_top(x, axis)
    powers = total(exponential(below), axis, True)
    results = subtract(below, logged(powers))

    def pullback(g: list[Number]) -> list[Number]:
        back = total(like(x, g), axis, True)
        return subtract(like(x, g), times(exponential(detached(results)), back)).numbers

    return made(x.array.shape, results.numbers, (x, pullback), op="log_softmax")


def below_top(x: Tensor, axis: Axis) -> Tensor:
    """Return how far each number is below the largest of its row."""
    return subtract(x, extreme(x, axis, True, 1))


def like(x: Tensor, items: Iterable[Number]) -> Tensor:
    """Return numbers in the shape of a tensor."""
    return Tensor(x.shape, list(items))


def unit(x: Tensor, axis: Axis, epsilon: float = 1e-12) -> Tensor:
    """Return `l2_normalize`."""
    length = maximum(total(square(x), axis, True), constant(epsilon))
    return times(x, inverse_root(length))


def cumulative(x: Tensor, axis: int) -> Tensor:
    """Return `cumsum`."""
    count = x.array.shape[axis]
    order = [axis, *(i for i in range(x.rank) if i != axis)]
    rows = move(x, lambda a: transposed(a, order))
    width = len(rows.numbers) // count if count else 0
    results: list[Number] = []
    for i, number in enumerate(rows.numbers):
        results.append(number if i < width else numbers.add(results[i - width], number))

    def pullback(g: list[Number]) -> list[Number]:
        into = [(i, j) for j in range(len(g)) for i in range(j % width, j + 1, width)]
        return sums([g[j] for _, j in into], [i for i, _ in into], len(g))

    summed = made(rows.array.shape, results, (rows, pullback), op="cumsum")
    return move(summed, lambda a: transposed(a, [order.index(i) for i in range(x.rank)]))


# ---------------------------------------------------------------------- products


def matrix_product(x: Tensor, y: Tensor) -> Tensor:
    """Return `matmul(x, y)` of matrices or batches of them."""
    if x.rank < 2 or y.rank < 2 or x.array.shape[-1] != y.array.shape[-2]:
        raise Unsupported
    left = expanded(x, -1)
    right = expanded(y, y.rank - 2)
    return total(times(left, right), x_axis(left, right))


def row(x: Tensor) -> Tensor:
    """Return vectors as matrices of one row."""
    return expanded(x, x.rank - 1)


def dot(x: Tensor, y: Tensor) -> Tensor:
    """Return the product over the last axis of one and the first (last but one) of the other."""
    if x.rank == 0 or y.rank == 0:
        return times(x, y)
    if y.rank == 1:
        return total(times(x, y), -1)
    left = row(x) if x.rank == 1 else x
    result = matrix_product(left, y)
    return move(result, lambda a: Array(a.shape[1:], a.items)) if x.rank == 1 else result


def contracted(letters: Sequence[str], wanted: str, tensors: Sequence[Tensor]) -> Tensor:
    """Return `einsum`: each letter is an axis, those that are not wanted are summed."""
    sizes: dict[str, int] = {}
    for word, tensor in zip(letters, tensors, strict=True):
        if len(word) != tensor.rank:
            raise Unsupported
        for letter, count in zip(word, tensor.array.shape, strict=True):
            if sizes.setdefault(letter, count) != count:
                raise Unsupported
    if not set(wanted) <= set(sizes):
        raise Unsupported
    everything = wanted + "".join(letter for letter in sizes if letter not in wanted)
    shape = tuple(sizes[letter] for letter in everything)
    if size(shape) > MOST_NUMBERS:
        raise Unsupported

    def spread(word: str, tensor: Tensor) -> Tensor:
        places = [everything.index(letter) for letter in word]
        return move(tensor, lambda a: picked(a, shape, lambda index: [index[i] for i in places]))

    product = spread(letters[0], tensors[0])
    for word, tensor in zip(letters[1:], tensors[1:], strict=True):
        product = times(product, spread(word, tensor))
    return total(product, list(range(len(wanted), len(everything))))


def x_axis(left: Tensor, right: Tensor) -> int:
    """Return the axis over which the rows of one meet the columns of the other."""
    return max(left.rank, right.rank) - 2


def transposed_last(x: Tensor) -> Tensor:
    """Return matrices with rows and columns exchanged."""
    order = [*range(x.rank - 2), x.rank - 1, x.rank - 2]
    return move(x, lambda a: transposed(a, order))
