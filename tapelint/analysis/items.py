"""The elements of containers: how many there are, and which an index names."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from tapelint.analysis import updates
from tapelint.analysis.graph import DType, Edge, Effect, Kind, Node, Reason
from tapelint.analysis.ir import Place
from tapelint.analysis.machine import Machine
from tapelint.analysis.shapes import indexed, shape_of
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    Box,
    ClassValue,
    Const,
    Data,
    Dataset,
    External,
    Instance,
    Tuple,
    Union,
    Value,
    VariableValue,
)

ITERATORS = ("iterator", "zip", "generator")
# Loops over so many known elements are run in full, others twice.
UNROLLED = 6
MOST_ELEMENTS = 200


class Items(Machine):
    """Elements and keys."""

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
        return Data(made.node, indexed(shape_of(value), index, self.all_elements))

    def all_elements(self, value: Value) -> Sequence[Value] | None:
        """Return the elements of a list known to the last."""
        known = self.elements(value)
        return known.values if known is not None and known.rest is None else None

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

    def name_of(self, variable: VariableValue, name: str, at: Place) -> Value:
        """Return `variable.name` or `variable.path`."""
        if name == "path" and variable.library == "keras" and not variable.is_many:
            return self.path_of(variable, at)
        known = self.variable_names.get(variable.identity) if name == "name" else None
        if known is not None:
            return Const(known)
        return Data(self.node(f".{name}", Kind.PYTHON, DType.STRING, at))

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

    def with_rest(self, contents: Contents, value: Value) -> Value:
        return value if contents.rest is None else self.join_values(contents.rest, value)


def given(value: Value) -> Callable[[], Value]:
    """Return a turn of a loop whose value is known beforehand."""
    return lambda: value
