"""Operations that only move numbers: reshaping, indexing, gathering, stacking."""

from __future__ import annotations

from collections.abc import Sequence

from tapelint.analysis.concrete.arrays import (
    Array,
    Unsupported,
    axis_of,
    broadcast,
    picked,
    positions,
    reshaped,
    size,
    taken,
    transposed,
)
from tapelint.analysis.concrete.evaluator import Call, Operation
from tapelint.analysis.concrete.tensors import (
    MOST_NUMBERS,
    Tensor,
    concatenated,
    expanded,
    made,
    move,
    moved,
    stacked,
    sums,
)
from tapelint.analysis.values import Box, Const, Data, SliceValue, Tuple, Value, VariableValue


def whole_numbers(tensor: Tensor) -> Array:
    """Return a tensor of integers that are all known."""
    if not all(isinstance(n, float) and n.is_integer() for n in tensor.numbers):
        raise Unsupported
    return Array(tensor.array.shape, [int(n) for n in tensor.numbers if isinstance(n, float)])


def reshape(call: Call) -> Tensor:
    given = [v for n, v in call.node.operands[1:] if n in ("", "shape", "newshape")]
    wanted: list[int] = []
    for value in given:
        found = call.evaluator.python(value, call.node)
        wanted += [found] if not isinstance(found, tuple) else found
    # for: np.reshape(x, shape, "F"), which goes another way
    if not all(isinstance(n, int | float) for n in wanted) or has_order(call):
        raise Unsupported
    wanted = [int(n) for n in wanted]
    return move(call.known(0), lambda a: reshaped(a, wanted))


def has_order(call: Call) -> bool:
    return any(name == "order" for name, _ in call.node.operands)


def flatten(call: Call) -> Tensor:
    if has_order(call):
        raise Unsupported
    return move(call.known(0), lambda a: reshaped(a, [-1]))


def transpose(call: Call) -> Tensor:
    order = call.integers(1, "perm", "axes")
    return move(call.known(0), lambda a: transposed(a, order))


def expand_dims(call: Call) -> Tensor:
    axis = call.axis()
    if not isinstance(axis, int):
        raise Unsupported
    return expanded(call.known(0), axis)


def squeeze(call: Call) -> Tensor:
    x = call.known(0)
    axis = call.axis()
    chosen = (axis,) if isinstance(axis, int) else axis
    drop = None if chosen is None else {axis_of(a, x.rank) for a in chosen}
    shape = tuple(
        n for i, n in enumerate(x.array.shape) if n != 1 or (drop is not None and i not in drop)
    )
    return move(x, lambda a: reshaped(a, shape))


def tile(call: Call) -> Tensor:
    x = call.known(0)
    counts = call.integers(1, "multiples", "repeats", "reps")
    if counts is None or len(counts) != x.rank:
        raise Unsupported

    def how(array: Array) -> Array:
        for axis, count in enumerate(counts):
            where = list(range(array.shape[axis])) * count
            array = taken(array, Array((len(where),), where), axis)
        return array

    return move(x, how)


def repeat(call: Call) -> Tensor:
    x = call.known(0)
    count, axis = call.option(1, "repeats"), call.axis(2)
    if not isinstance(count, int | float) or not isinstance(axis, int):
        raise Unsupported
    where = [i for i in range(x.array.shape[axis_of(axis, x.rank)]) for _ in range(int(count))]
    return move(x, lambda a: taken(a, Array((len(where),), where), axis))


def broadcast_to(call: Call) -> Tensor:
    shape = call.integers(1, "shape")
    if shape is None:
        raise Unsupported
    return move(call.known(0), lambda a: broadcast(a, shape))


def reverse(call: Call) -> Tensor:
    x = call.known(0)
    axes = call.integers(1, "axis")
    if axes is None:
        raise Unsupported

    def how(array: Array) -> Array:
        for axis in axes:
            where = list(range(array.shape[axis_of(axis, x.rank)]))[::-1]
            array = taken(array, Array((len(where),), where), axis)
        return array

    return move(x, how)


def parts_of(call: Call) -> list[Tensor]:
    """Return the tensors of a list, or the rows of a tensor."""
    value = call.given(0, "values", "arrays", "inputs")
    if not isinstance(value, Tuple | Box):
        raise Unsupported
    elements = call.evaluator.elements(value)
    if not elements:
        raise Unsupported
    return [call.evaluator.of_value(e, call.node) for e in elements]


def meshgrid(call: Call) -> Tensor:
    """Return the coordinates of a grid along one of its axes."""
    order = dict(call.node.operands).get("indexing", Const("xy"))
    given = [v for n, v in call.node.operands if n != "indexing"]
    lines = [call.evaluator.of_value(v, call.node) for v in given]
    at = call.node.output
    if order not in (Const("xy"), Const("ij")) or at is None or at >= len(lines):
        raise Unsupported
    axes = list(range(len(lines)))
    if order == Const("xy") and len(axes) > 1:
        axes[:2] = [1, 0]
    shape = tuple(size(lines[axis].array.shape) for axis in axes)
    if any(line.rank != 1 for line in lines) or size(shape) > MOST_NUMBERS:
        raise Unsupported
    return move(lines[at], lambda a: picked(a, shape, lambda index: [index[axes[at]]]))


def stack(call: Call) -> Tensor:
    axis = call.axis()
    return stacked(parts_of(call), axis if isinstance(axis, int) else 0)


def concat(call: Call) -> Tensor:
    axis = call.axis()
    return concatenated(parts_of(call), axis if isinstance(axis, int) else 0)


def gather(call: Call) -> Tensor:
    where = whole_numbers(call.known(1, "indices", "ids"))
    axis = call.axis(3 if call.name.startswith("tf.") else 2)
    if any(name == "batch_dims" for name, _ in call.node.operands):
        raise Unsupported
    return move(
        call.known(0, "params"), lambda a: taken(a, where, axis if isinstance(axis, int) else 0)
    )


def picked_last(x: Tensor, where: Array) -> Tensor:
    """Return of each row along the last axis the number at one position."""
    shape = x.array.shape
    if where.shape != shape[:-1] or any(not 0 <= i < shape[-1] for i in where.items):
        raise Unsupported
    return moved(x, Array(where.shape, [i * shape[-1] + n for i, n in enumerate(where.items)]))


def boolean_mask(call: Call) -> Tensor:
    x, mask = call.known(0), call.known(1, "mask")
    if not all(isinstance(n, float) for n in mask.numbers) or mask.rank != 1:
        raise Unsupported
    where = [i for i, n in enumerate(mask.numbers) if n]
    return move(x, lambda a: taken(a, Array((len(where),), where), 0))


def segment_sum(call: Call) -> Tensor:
    """Return `segment_sum` and `unsorted_segment_sum` of vectors or rows."""
    x, where = call.known(0), whole_numbers(call.known(1, "segment_ids"))
    stated = call.option(2, "num_segments")
    count = int(stated) if stated is not None else max(where.items, default=-1) + 1
    if len(where.shape) != 1 or any(not 0 <= i < count for i in where.items):
        raise Unsupported
    width = size(x.array.shape[1:])
    into = [i * width + j for i in where.items for j in range(width)]
    shape = (count, *x.array.shape[1:])
    return made(
        shape, sums(x.numbers, into, size(shape)), (x, lambda g: [g[i] for i in into]), op="sum"
    )


# ---------------------------------------------------------------------- x[...]


def index(call: Call) -> Tensor:
    """Return `x[index]`, whatever is in the brackets."""
    value = call.given(0, "x")
    where = dict(call.node.operands).get("index")
    if value is None or where is None:
        raise Unsupported
    x = call.evaluator.of_value(value, call.node)
    return moved(x, chosen(call, x.array.shape, where))


def write(call: Call) -> Tensor:
    """Return an array after `x[index] = value`."""
    where = dict(call.node.operands).get("index")
    if call.held is None or where is None:
        raise Unsupported
    places = chosen(call, call.held.array.shape, where)
    value = broadcast(call.known(1, "value").array, places.shape)
    items = list(call.held.numbers)
    for place, number in zip(places.items, value.items, strict=True):
        items[place] = number
    return Tensor(call.held.shape, items)


def chosen(call: Call, shape: Sequence[int], where: Value) -> Array:
    """Return the positions that an index picks from a shape."""
    steps = list(where.elements) if isinstance(where, Tuple) else [where]
    array = positions(tuple(shape))
    given = sum(1 for s in steps if not is_const(s, None) and not is_const(s, ...))
    axis = 0
    for step in steps:
        if is_const(step, ...):
            axis += len(array.shape) - axis - (given - consumed(steps, step))
            continue
        array, axis = stepped(call, array, step, axis)
    return array


def consumed(steps: Sequence[Value], until: Value) -> int:
    """Return how many axes the steps before the ellipsis take."""
    before = steps[: next(i for i, s in enumerate(steps) if s is until)]
    return sum(1 for s in before if not is_const(s, None))


def stepped(call: Call, array: Array, step: Value, axis: int) -> tuple[Array, int]:
    """Return the array after one step of an index, and the axis the next one is about."""
    if is_const(step, None):
        return Array((*array.shape[:axis], 1, *array.shape[axis:]), array.items), axis + 1
    if axis >= len(array.shape):
        raise Unsupported
    if isinstance(step, SliceValue):
        parts = [bound(call, v) for v in (step.lower, step.upper, step.step)]
        where = list(range(array.shape[axis])[slice(*parts)])
        return taken(array, Array((len(where),), where), axis), axis + 1
    if isinstance(step, Const) and isinstance(step.value, bool):
        raise Unsupported
    if not isinstance(step, Const | Data | VariableValue):
        raise Unsupported
    if step_dtype_is_bool(step):
        raise Unsupported
    where_array = whole_numbers(call.evaluator.of_value(step, call.node))
    return taken(array, where_array, axis), axis + len(where_array.shape)


def step_dtype_is_bool(step: Value) -> bool:
    return isinstance(step, Data) and step.dtype.value == "bool"


def bound(call: Call, value: Value | None) -> int | None:
    if value is None or is_const(value, None):
        return None
    found = call.evaluator.python(value, call.node)
    if not isinstance(found, int | float) or not float(found).is_integer():
        raise Unsupported
    return int(found)


def is_const(value: Value, wanted: object) -> bool:
    return isinstance(value, Const) and value.value is wanted


MOVING: dict[str, Operation] = {
    "[]": index,
    "[]=": write,
    "reshape": reshape,
    **dict.fromkeys(("flatten", "ravel"), flatten),
    **dict.fromkeys(("transpose", "permute_dims", "T"), transpose),
    "expand_dims": expand_dims,
    "squeeze": squeeze,
    "tile": tile,
    "repeat": repeat,
    "broadcast_to": broadcast_to,
    "meshgrid": meshgrid,
    **dict.fromkeys(("reverse", "flip"), reverse),
    **dict.fromkeys(("stack",), stack),
    **dict.fromkeys(("concat", "concatenate"), concat),
    **dict.fromkeys(("gather", "take", "embedding_lookup"), gather),
    "boolean_mask": boolean_mask,
    **dict.fromkeys(("segment_sum", "unsorted_segment_sum"), segment_sum),
}
