"""`tf.nest` and `tree`: structures taken apart and put together again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tapelint.analysis.models.registry import models
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    Const,
    Data,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter


@models("tf.nest.pack_sequence_as", "keras.tree.pack_sequence_as", "tree.unflatten_as")
def pack_sequence_as(machine: Interpreter, args: Arguments) -> Value:
    """Run `pack_sequence_as(structure, flat_sequence)`."""
    structure, flat = args.get(0, "structure"), args.get(1, "flat_sequence")
    known = None if flat is None else machine.elements(flat)
    if structure is None or known is None or known.rest is not None:
        return machine.unknown("tf.nest.pack_sequence_as", args.values, args.place)
    leaves = iter(known.values)

    def walk(value: Value) -> Value | None:
        match value:
            case Tuple():
                parts = [walk(part) for part in value.elements]
                found = tuple(p for p in parts if p is not None)
                return Tuple(found, value.names, value.cls) if len(found) == len(parts) else None
            case Box():
                contents = machine.contents(value)
                if contents.rest is not None:
                    return None
                filled = dict(
                    zip(in_order(contents), map(walk, sorted_values(contents)), strict=True)
                )
                parts = [filled.get(i) for i in range(len(contents.values))]
                found = tuple(p for p in parts if p is not None)
                if len(found) < len(parts):
                    return None
                return machine.fill(Box(value.kind), Contents(found, contents.keys))
            case _:
                return next(leaves, None)

    packed = walk(structure)
    if packed is None:
        return machine.unknown("tf.nest.pack_sequence_as", args.values, args.place)
    return packed


def in_order(contents: Contents) -> Iterator[int]:
    """Yield the positions in the order of flattening: a dict's keys are sorted."""
    positions = range(len(contents.values))
    keys = contents.keys
    if keys is not None and all(isinstance(key, str) for key in keys):
        yield from sorted(positions, key=lambda i: str(keys[i]))
    else:
        yield from positions


def sorted_values(contents: Contents) -> Iterator[Value]:
    """Yield the values in the order of flattening."""
    for position in in_order(contents):
        yield contents.values[position]


@models("tf.nest.flatten", "keras.tree.flatten", "tree.flatten")
def flatten(machine: Interpreter, args: Arguments) -> Value:
    """Run `flatten(structure)`."""
    found: list[Value] = []
    rest: list[Value] = []

    def walk(value: Value) -> None:
        if isinstance(value, Tuple):
            for element in value.elements:
                walk(element)
        elif isinstance(value, Box):
            contents = machine.contents(value)
            for element in sorted_values(contents):
                walk(element)
            if contents.rest is not None:
                rest.append(contents.rest)
        else:
            found.append(value)

    structure = args.get(0, "structure")
    if structure is None:
        return machine.unknown("tf.nest.flatten", args.values, args.place)
    if isinstance(structure, Data) and structure.kind.value == "unknown":
        return machine.sequence("list", (), machine.any_element(structure, args.place))
    walk(structure)
    return machine.sequence("list", found, machine.join_all(rest) if rest else None)


@models("tf.nest.is_nested", "keras.tree.is_nested", "tree.is_nested")
def is_nested(machine: Interpreter, args: Arguments) -> Value:
    """Run `is_nested(x)`."""
    value = args.get(0, "structure", "seq")
    if isinstance(value, Tuple | Box):
        return Const(True)
    if isinstance(value, Const) or (isinstance(value, Data) and value.node.is_tensor):
        is_known = isinstance(value, Const) or value.kind.value == "tensor"
        return Const(False) if is_known else machine.unknown("is_nested", [], args.place)
    return machine.unknown("is_nested", [], args.place)


@models(
    "tf.nest.assert_same_structure", "keras.tree.assert_same_structure",
    "keras.tree.assert_same_paths", "tree.assert_same_structure",
)  # fmt: skip
def assert_same_structure(machine: Interpreter, args: Arguments) -> Value:
    """Compare two structures."""
    return NONE


@models("tf.nest.map_structure", "keras.tree.map_structure")
def map_structure(machine: Interpreter, args: Arguments) -> Value:
    """Run `map_structure(function, structure, ...)`."""
    if len(args.positional) < 2:
        return machine.opaque_call("tf.nest.map_structure", args.values, args.place)
    function, first, *others = args.positional

    def walk(values: Sequence[Value]) -> Value:
        head = values[0]
        if isinstance(head, Tuple):
            columns = [machine.elements(v) for v in values]
            if all(c is not None and len(c.values) == len(head.elements) for c in columns):
                parts = tuple(
                    walk([c.values[i] for c in columns if c is not None])
                    for i in range(len(head.elements))
                )
                return Tuple(parts, head.names, head.cls)
        if isinstance(head, Box):
            contents = machine.contents(head)
            rows_ = [machine.contents(v) if isinstance(v, Box) else None for v in values]
            if all(r is not None and len(r.values) == len(contents.values) for r in rows_):
                parts = tuple(
                    walk([r.values[i] for r in rows_ if r is not None])
                    for i in range(len(contents.values))
                )
                rest = None
                if contents.rest is not None:
                    rest = machine.call(
                        function, Arguments((contents.rest,) * len(values), {}, args.place)
                    )
                return machine.fill(Box(head.kind), Contents(parts, contents.keys, rest))
        return machine.call(function, Arguments(tuple(values), {}, args.place))

    return walk([first, *others])
