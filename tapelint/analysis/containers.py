"""Lists, tuples, dicts, iterators: what is in them, one by one where that can be told."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from tapelint.analysis import updates
from tapelint.analysis.graph import DType, Edge, Effect, Kind, Node, Reason
from tapelint.analysis.ir import Place
from tapelint.analysis.machine import Machine
from tapelint.analysis.shapes import indexed, shape_of
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
ITERATORS = ("iterator", "zip", "generator")
# Loops over so many known elements are run in full, others twice.
UNROLLED = 6
MOST_ELEMENTS = 200


def given(value: Value) -> Callable[[], Value]:
    """Return a turn of a loop whose value is known beforehand."""
    return lambda: value


# What gives a part of an array, or another look at it, and no copy.
VIEWS = frozenset("[] reshape ravel transpose T squeeze swapaxes view asarray".split())


def viewed(node: Node) -> Iterator[Node]:
    """Yield the arrays that one is a view of."""
    while node.op.rpartition(".")[2] in VIEWS and node.edges:
        node = node.edges[0].parent
        if node.kind is not Kind.ARRAY:
            return
        yield node


class Containers(Machine):
    """Element access, iteration and unpacking."""

    # ------------------------------------------------------------------ elements

    def elements(self, value: Value) -> Contents | None:
        """Return what iterating over the value gives; None where that is not known."""
        match value:
            case Tuple():
                return Contents(value.elements)
            case Box():
                contents = self.contents(value)
                if contents.keys is None:
                    return contents
                sure, unsure = self.split_optional(contents)
                keys = tuple(self.key_value(key) for key, _ in sure)
                rest = None
                if contents.rest is not None or unsure:
                    rest = Data(self.node("key", Kind.PYTHON, DType.UNKNOWN, None))
                return Contents(keys, None, rest)
            case ClassValue():
                members = self.state.cells.get((value.identity, "<members>"))
                return Contents(members.elements) if isinstance(members, Tuple) else None
            case Const(value=str() | bytes() | tuple() | range() as known) if len(known) <= 64:
                return Contents(tuple(Const(x) for x in known))
            case Data() if (
                value.shape and isinstance(value.shape[0], int) and value.shape[0] <= UNROLLED
            ):
                place = value.node.place
                if place is not None and value.kind is not Kind.UNKNOWN:
                    return Contents(
                        tuple(self.part(value, Const(i), place) for i in range(value.shape[0]))
                    )
                return None
            case _:
                return None

    def spend(self, value: Value) -> None:
        """Walk an iterator to its end: what comes after finds it empty."""
        if isinstance(value, Box) and value.kind in ITERATORS:
            if any(updates.is_gradient(v) for v in self.contents(value).values):
                self.state.cells[updates.held_gradients(value)] = True
            self.fill(value, Contents((), None, None, is_spent=True))

    def turns(self, iterable: Value, at: Place) -> tuple[list[Callable[[], Value]], bool]:
        """Return what a loop's target holds in each turn to run, and whether those are all."""
        known = self.elements(iterable)
        if known is not None:
            self.spend(iterable)
            values, rest = known.values, known.rest
            if rest is None and len(values) <= UNROLLED:
                return [given(v) for v in values], True
            if rest is None:
                # A long list: the first two stand for all, each joined with what else may come.
                sample = [values[0], self.join_all(values[1:MOST_ELEMENTS])]
                return [given(v) for v in sample], False
            two = [*values[:2], rest, rest][:2] if len(values) < UNROLLED else [values[0], rest]
            if len(values) > 2:
                two = [values[0], self.join_all([*values[1:], rest])]
            return [given(v) for v in two], False
        if isinstance(iterable, Union):
            options = [o for o in iterable.options if not isinstance(o, Const)]
            if len(options) == 1:
                return self.turns(options[0], at)
        return [lambda: self.any_element(iterable, at)] * 2, False

    def any_element(self, value: Value, at: Place) -> Value:
        """Return a value that stands for some element of an iterable not known one by one."""
        match value:
            case Dataset():
                return self.dataset_element(value, at)
            case Data():
                if value.kind is Kind.UNKNOWN:
                    return self.unknown("element", [value], at)
                return self.part(value, None, at)
            case VariableValue():
                return self.part(value, None, at)
            case Tuple() | Box():
                known = self.elements(value)
                assert known is not None
                values = [*known.values, *([] if known.rest is None else [known.rest])]
                return self.join_all(values) if values else self.unknown("element", [value], at)
            case Union():
                return self.join_all([self.any_element(o, at) for o in value.options])
            case _:
                return self.unknown("element", [value], at)

    def dataset_element(self, dataset: Dataset, at: Place) -> Value:
        """Return one fresh element: tensors that no gradient leaves."""
        return self.detached(dataset.element, dataset, at)

    def detached(self, shape: Value | None, dataset: Dataset, at: Place) -> Value:
        if isinstance(shape, Tuple):
            parts = tuple(self.detached(e, dataset, at) for e in shape.elements)
            return Tuple(parts, shape.names, shape.cls)
        if isinstance(shape, Box):
            contents = self.contents(shape)
            parts = tuple(self.detached(e, dataset, at) for e in contents.values)
            return self.fill(Box(shape.kind), Contents(parts, contents.keys, None))
        if shape is None:
            # Not known whether one tensor or a structure of them.
            edges = [Edge(dataset.node, Effect.CUT, Reason.DATASET)]
            return Data(self.node("dataset element", Kind.UNKNOWN, DType.UNKNOWN, at, edges))
        dtype = shape.dtype if isinstance(shape, Data) else DType.UNKNOWN
        edges = [Edge(dataset.node, Effect.CUT, Reason.DATASET)]
        edges += [Edge(leaf, Effect.CUT, Reason.DATASET) for leaf in self.leaves(shape)]
        node = self.node("dataset element", Kind.TENSOR, dtype, at, edges)
        return Data(node, shape_of(shape))

    # ------------------------------------------------------------------ reading

    def part(self, value: Value, index: Value | None, at: Place) -> Data:
        """Return `tensor[index]`: an operation for tensors, a view for arrays."""
        source = self.leaves(value)
        kind = Kind.TENSOR
        if isinstance(value, Data) and value.kind in (Kind.ARRAY, Kind.PYTHON):
            kind = Kind.ARRAY
        dtype = source[0].dtype if source else None
        made = self.record("[]", [("x", value)], at, dtype=dtype, kind=kind)
        if index is not None:
            made.node.operands = (("x", value), ("index", index))
        if isinstance(value, Data) and value.kind is Kind.UNKNOWN:
            made = self.unknown("[]", [value], at)
        return Data(made.node, indexed(shape_of(value), index))

    def key(self, index: Value) -> tuple[bool, Hashable]:
        """Return whether a dict key is known, and the key."""
        if isinstance(index, Const):
            try:
                hash(index.value)
            except TypeError:
                return False, None
            return True, index.value
        if isinstance(index, Tuple):
            parts = [self.key(e) for e in index.elements]
            if all(known for known, _ in parts):
                return True, tuple(k for _, k in parts)
        if isinstance(index, VariableValue | Instance):
            self.keyed[index.identity] = index
            return True, ("identity", index.identity)
        if isinstance(index, External):
            return True, ("external", index.name)
        if isinstance(index, Data) and index.node in self.paths:
            return True, ("path", index.node)
        return False, None

    def path_of(self, variable: VariableValue, at: Place) -> Data:
        """Return the path of a Keras variable: a word that no other variable has."""
        found = self.path_nodes.get(variable.identity)
        if found is None:
            found = self.node(".path", Kind.PYTHON, DType.STRING, at)
            self.path_nodes[variable.identity] = found
            self.paths[found] = Data(found)
        return self.paths[found]

    def key_value(self, key: Hashable) -> Value:
        """Return the value that a key was made of."""
        match key:
            case ("identity", int() as identity) if identity in self.keyed:
                return self.keyed[identity]
            case ("external", str() as name):
                return External(name)
            case ("path", Node() as node):
                return self.paths[node]
            case _:
                return Const(key)

    def split_optional(
        self, contents: Contents
    ) -> tuple[list[tuple[Hashable, Value]], list[tuple[Hashable, Value]]]:
        """Return the items that are there on every path, and those that are on some."""
        items = list(zip(contents.keys or (), contents.values, strict=False))
        sure = [item for item in items if item[0] not in contents.optional]
        return sure, [item for item in items if item[0] in contents.optional]

    def overlay(self, under: Contents, over: Contents) -> Contents:
        """Return a dict with the items of two, the second one's in front."""
        items = dict(zip(under.keys or (), under.values, strict=False))
        optional = set(under.optional)
        if over.rest is not None:
            # It may hold any of the keys.
            items = {key: self.join_values(value, over.rest) for key, value in items.items()}
        for key, value in zip(over.keys or (), over.values, strict=False):
            if key not in over.optional:
                items[key] = value
                optional.discard(key)
            elif key in items:
                items[key] = self.join_values(items[key], value)
            else:
                items[key] = value
                optional.add(key)
        rest = under.rest if over.rest is None else self.with_rest(under, over.rest)
        return Contents(tuple(items.values()), tuple(items), rest, optional=frozenset(optional))

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

    def with_rest(self, contents: Contents, value: Value) -> Value:
        return value if contents.rest is None else self.join_values(contents.rest, value)

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
