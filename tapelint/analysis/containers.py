"""Lists, tuples, dicts, iterators: what is in them, one by one where that can be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from tapelint.analysis import left_out
from tapelint.analysis.graph import DType, Edge, Effect, Kind, Node, Reason
from tapelint.analysis.ir import Place
from tapelint.analysis.items import MOST_ELEMENTS, Items
from tapelint.analysis.state import Contents, join_contents
from tapelint.analysis.values import (
    Box,
    ClassValue,
    Const,
    Data,
    Dataset,
    External,
    Instance,
    NoGradient,
    SliceValue,
    Symbolic,
    Tuple,
    Union,
    Value,
    VariableValue,
)

MAPPINGS = ("dict",)

# What gives a part of an array, or another look at it, and no copy.
VIEWS = frozenset("[] reshape ravel transpose T squeeze swapaxes view asarray".split())


def viewed(node: Node) -> Iterator[Node]:
    """Yield the arrays that one is a view of."""
    while node.op.rpartition(".")[2] in VIEWS and node.edges:
        node = node.edges[0].parent
        if node.kind is not Kind.ARRAY:
            return
        yield node


class Containers(Items):
    """Element access, iteration and unpacking."""

    def peek_item(self, value: Value, index: Value) -> Value | None:
        """Return the element under an index where it is known, without computing anything."""
        contents = self.elements(value) if not isinstance(value, Box) else self.contents(value)
        if contents is None or isinstance(value, Data):
            return None
        if contents.keys is not None:
            known, key = self.key(index)
            if known and key in contents.keys:
                return contents.values[contents.keys.index(key)]
            return None
        if isinstance(index, Const) and isinstance(index.value, int):
            count = len(contents.values)
            position = index.value
            if position < 0 and contents.rest is None:
                position += count
            if 0 <= position < count:
                return contents.values[position]
        return None

    def namespace_item(self, value: Box, name: str, at: Place) -> Value | None:
        """Return an attribute of a namespace; one of an unknown name may be what is left open."""
        found = self.peek_item(value, Const(name))
        rest = self.contents(value).rest
        if name == "__dict__":
            return names_of(value)
        if found is not None or rest is None:
            return found
        cell = ("attribute", value.identity, rest.node if isinstance(rest, Data) else rest, name)
        if cell not in self.state.cells:
            self.state.cells[cell] = self.unknown(f".{name}", [rest], at)
        made: Value = self.state.cells[cell]
        return made

    def item(self, value: Value, index: Value, at: Place) -> Value:
        """Return `value[index]`."""
        match value:
            case Tuple() | Box():
                return self.container_item(value, index, at)
            case Data() | VariableValue():
                return self.data_item(value, index, at)
            case Const():
                return self.constant_item(value, index, at)
            case Dataset():
                return self.dataset_element(value, at)
            case Symbolic():
                return Symbolic(None, (value, index), at)
            case NoGradient():
                return self.unknown("[]", [value], at)
            case Union():
                options = [o for o in value.options if o != Const(None)] or list(value.options)
                return self.join_all([self.item(o, index, at) for o in options])
            case ClassValue():
                # for: class Loss(Base[float]); of an enumeration, the member of that name
                member = self.peek_member(value, index)
                return value if member is None else member
            case External() if value.name.rpartition(".")[2][:1].isupper():
                # for: Generic[T]
                return value
            case Instance():
                return self.instance_item(value, index, at)
            case _:
                return self.unknown("[]", [value, index], at)

    def peek_member(self, cls: ClassValue, index: Value) -> Value | None:
        if not isinstance(index, Const) or (cls.identity, "<members>") not in self.state.cells:
            return None
        found: Value | None = self.state.cells.get((cls.identity, index.value))
        return found

    def set_instance_item(self, owner: Instance, index: Value, value: Value, at: Place) -> None:
        raise NotImplementedError

    def instance_item(self, value: Instance, index: Value, at: Place) -> Value:
        raise NotImplementedError

    def data_item(self, value: Data | VariableValue, index: Value, at: Place) -> Value:
        if isinstance(value, Data) and value.kind is Kind.UNKNOWN:
            known, key = self.key(index)
            if known:
                cell = (value.node, "[]", key)
                found: Value | None = self.state.cells.get(cell)
                if found is None:
                    found = self.unknown("[]", [value], at)
                    self.state.cells[cell] = found
                return found
            return self.unknown("[]", [value, index], at)
        return self.part(value, index, at)

    def container_item(self, value: Tuple | Box, index: Value, at: Place) -> Value:
        found = self.peek_item(value, index)
        if found is not None:
            if isinstance(value, Box):
                left_out.note_others(self, value, found)
            return found
        contents = Contents(value.elements) if isinstance(value, Tuple) else self.contents(value)
        if isinstance(index, SliceValue) and contents.keys is None:
            return self.sliced(value, contents, index)
        values = [*contents.values, *([] if contents.rest is None else [contents.rest])]
        if contents.keys is not None and self.key(index)[0]:
            # A known key that is not there: only the rest may hold it.
            default = (
                self.state.cells.get(("default", value.identity))
                if isinstance(value, Box)
                else None
            )
            if default is not None and isinstance(value, Box):
                from tapelint.analysis.values import Arguments

                made = self.call(default, Arguments((), {}, at))
                self.set_item(value, index, made, at)
                return made
            values = [] if contents.rest is None else [contents.rest]
        if not values:
            return self.unknown("[]", [value], at)
        return self.join_all(values[:MOST_ELEMENTS])

    def sliced(self, value: Tuple | Box, contents: Contents, index: SliceValue) -> Value:
        cut = constant_index(index)
        if contents.rest is None and cut is not None:
            chosen = contents.values[cut]
            return Tuple(chosen) if isinstance(value, Tuple) else self.sequence("list", chosen)
        values = [*contents.values, *([] if contents.rest is None else [contents.rest])]
        rest = self.join_all(values) if values else None
        return self.sequence("list", (), rest)

    def constant_item(self, value: Const, index: Value, at: Place) -> Value:
        if isinstance(index, Const):
            try:
                return Const(value.value[index.value])
            except (TypeError, KeyError, IndexError):
                return self.unknown("[]", [value], at)
        if isinstance(value.value, str):
            return Data(self.node("str", Kind.PYTHON, DType.STRING, at))
        return self.unknown("[]", [value], at)

    # ------------------------------------------------------------------ writing

    def set_item(self, owner: Value, index: Value, value: Value, at: Place) -> None:
        """Run `owner[index] = value`."""
        match owner:
            case Box():
                self.set_box_item(owner, index, value)
            case Data():
                # An array or an unknown object that holds the value from now on.
                self.absorb(owner, value, at, index)
            case Instance():
                self.set_instance_item(owner, index, value, at)
            case Union():
                self.escape(value)
                for option in owner.options:
                    if isinstance(option, Box):
                        before = self.contents(option)
                        self.set_box_item(option, index, value)
                        after = self.contents(option)
                        self.fill(option, join_contents(before, after, self.join_values))
                    elif not isinstance(option, Const):
                        self.set_item(option, index, value, at)
            case _:
                self.escape(value)

    def absorb(self, owner: Data, value: Value, at: Place, index: Value | None = None) -> None:
        """Let an array (or unknown object) depend on a value written into it."""
        leaves = self.leaves(value)
        self.escape(value)
        if owner.kind is Kind.ARRAY:
            edges = [Edge(leaf, Effect.CUT, Reason.NUMPY, "[]=") for leaf in leaves]
            written = self.node("[]=", Kind.ARRAY, owner.dtype, at, edges)
            if index is not None and not self.is_conditional():
                written.operands = (("index", index), ("value", value))
            # Arrays are mutable: whoever holds this one sees the write.
            owner.node.edges = (*owner.node.edges, Edge(written))
            for whole in viewed(owner.node):
                # for: row = x[0]; row[:] = 1.0
                through = self.node("[]=", Kind.ARRAY, owner.dtype, at, edges)
                whole.edges = (*whole.edges, Edge(through))
        elif leaves:
            self.escape_into(owner, value)
            owner.node.edges = (*owner.node.edges, *(Edge(leaf) for leaf in leaves))

    def set_box_item(self, box: Box, index: Value, value: Value) -> None:
        contents = self.contents(box)
        known, key = self.key(index)
        if contents.keys is not None:
            if known:
                self.fill(box, self.overlay(contents, Contents((value,), (key,))))
                return
            self.fill(box, self.overlay(contents, Contents((), (), value)))
            return
        if isinstance(index, SliceValue):
            self.set_slice(box, index, value)
            return
        if isinstance(index, Const) and isinstance(index.value, int):
            position = index.value
            if position < 0:
                position += len(contents.values)
            if 0 <= position < len(contents.values):
                values = list(contents.values)
                values[position] = value
                self.fill(box, Contents(tuple(values), None, contents.rest))
                return
        joined = tuple(self.join_values(v, value) for v in contents.values)
        self.fill(box, Contents(joined, None, self.with_rest(contents, value)))

    def set_slice(self, box: Box, index: SliceValue, value: Value) -> None:
        """Run `items[a:b] = value`."""
        contents, new, cut = self.contents(box), self.elements(value), constant_index(index)
        if contents.rest is None and new is not None and new.rest is None and cut is not None:
            values = list(contents.values)
            try:
                values[cut] = new.values
            except (TypeError, ValueError):
                return
            self.fill(box, Contents(tuple(values)))
            return
        held = new if new is not None else Contents((), None, self.unknown("[]", [value], None))
        everything = [*contents.values, *held.values]
        everything += [rest for rest in (contents.rest, held.rest) if rest is not None]
        if everything:
            self.fill(box, Contents((), None, self.join_all(everything)))

    def delete_item(self, owner: Value, index: Value) -> None:
        if not isinstance(owner, Box):
            return
        contents = self.contents(owner)
        known, key = self.key(index)
        if contents.keys is not None:
            if known and key in contents.keys:
                items = dict(zip(contents.keys, contents.values, strict=True))
                del items[key]
                left = replace(contents, values=tuple(items.values()), keys=tuple(items))
                self.fill(owner, replace(left, optional=contents.optional - {key}))
            return
        values = list(contents.values)
        where = constant_index(index)
        if contents.rest is None and where is not None:
            try:
                del values[where]
            except (IndexError, TypeError):
                return
            self.fill(owner, Contents(tuple(values)))
        elif values:
            # One of them goes, not known which: the others may have moved.
            everything = [*values, *([] if contents.rest is None else [contents.rest])]
            self.fill(owner, Contents((), None, self.join_all(everything)))

    def append(self, box: Box, value: Value) -> None:
        contents = self.contents(box)
        is_bounded = ("bounded", box.identity) in self.state.cells
        if is_bounded or contents.rest is not None or len(contents.values) >= MOST_ELEMENTS:
            rest = self.with_rest(contents, value)
            self.fill(box, replace(contents, rest=rest))
        else:
            self.fill(box, Contents((*contents.values, value), contents.keys, None))

    # ------------------------------------------------------------------ unpacking

    def unpacked(self, value: Value, count: int, at: Place) -> Sequence[Value]:
        """Return `count` values that `a, b, ... = value` takes apart."""
        if isinstance(value, Union):
            options = [o for o in value.options if not isinstance(o, Const)]
            if options:
                rows = [self.unpacked(o, count, at) for o in options]
                return [self.join_all(list(column)) for column in zip(*rows, strict=True)]
        known = self.elements(value)
        if known is not None:
            self.spend(value)
            values = list(known.values[:count])
            while len(values) < count:
                values.append(
                    known.rest if known.rest is not None else self.unknown("element", [value], at)
                )
            return values
        return [self.any_element(value, at) for _ in range(count)]


def constant_index(index: Value) -> Any:
    """Return the number or slice that an index is, None where it is not known."""
    match index:
        case Const(value=int() as number):
            return number
        case SliceValue():
            bounds = (index.lower, index.upper, index.step)
            if all(
                b is None or (isinstance(b, Const) and isinstance(b.value, int | None))
                for b in bounds
            ):
                return slice(*(b.value if isinstance(b, Const) else None for b in bounds))
    return None


def names_of(namespace: Box) -> Box:
    """Return `vars(namespace)`: what is put into it are attributes."""
    return Box("dict", namespace.identity)
