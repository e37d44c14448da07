"""Classes and iteration: what is inherited, and the elements of objects."""

from __future__ import annotations

from tapelint.analysis.containers import Containers
from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.ir import Place
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    Arguments,
    BoundMethod,
    Box,
    ClassValue,
    Const,
    Data,
    External,
    FunctionValue,
    Instance,
    Method,
    Native,
    Tuple,
    Value,
)

# What walks through generators and calls what it is given, and builds no graph.
OF_PYTHON = ("builtins.", "functools.", "itertools.", "operator.", "collections.", "math.")


class Classes(Containers):
    """Classes, and items of objects."""

    # ------------------------------------------------------------------ classes

    def ancestry(self, cls: Value) -> tuple[Value, ...]:
        """Return a class and its bases in the order in which attributes are looked up."""
        if not isinstance(cls, ClassValue):
            return (cls,)
        if len(cls.bases) == 1:
            return (cls, *self.ancestry(cls.bases[0]))
        rows = [list(self.ancestry(base)) for base in cls.bases]
        return (cls, *merged([*rows, list(cls.bases)]))

    def class_attribute(self, cls: Value, name: str) -> Value | None:
        """Return what a project class or one of its project bases defines."""
        for ancestor in self.ancestry(cls):
            if isinstance(ancestor, ClassValue):
                found: Value | None = self.state.cells.get((ancestor.identity, name))
                if found is not None:
                    return found
        return None

    def dataclass_of(self, cls: Value) -> ClassValue | None:
        """Return the nearest class whose constructor `dataclass` writes."""
        for ancestor in self.ancestry(cls):
            if isinstance(ancestor, ClassValue) and "dataclass" in ancestor.marks:
                return ancestor
        return None

    def library_base(self, cls: Value) -> str | None:
        """Return the canonical name of the first library class among the bases."""
        for ancestor in self.ancestry(cls):
            if isinstance(ancestor, External) and ancestor.name != "object":
                return ancestor.name
        return None

    def has_unknown_base(self, cls: Value) -> bool:
        return any(not isinstance(a, ClassValue | External) for a in self.ancestry(cls))

    def is_of_python(self, function: Value) -> bool:
        """Whether a call runs what it is given as Python does: no graph is built on the way."""
        match function:
            case External():
                return function.name.startswith(OF_PYTHON)
            case Method():
                return isinstance(function.receiver, Box | Const | Tuple)
            case Instance():
                return isinstance(self.class_attribute(function.cls, "__call__"), FunctionValue)
            case Native():
                return function.name == "partial"
            case _:
                return False

    # ------------------------------------------------------------------ iteration

    def elements(self, value: Value) -> Contents | None:
        """Return what iterating over the value gives, `__iter__` of the project's classes run."""
        if not isinstance(value, Instance):
            return super().elements(value)
        walk = self.class_attribute(value.cls, "__iter__")
        if not isinstance(walk, FunctionValue) or not isinstance(value.cls, ClassValue):
            return self.library_elements(value)
        walked = self.call(BoundMethod(walk, value), Arguments((), {}, value.cls.place))
        return None if isinstance(walked, Instance) else self.elements(walked)

    def any_element(self, value: Value, at: Place) -> Value:
        """Return some element; an object of the project is asked for one."""
        if not isinstance(value, Instance):
            return super().any_element(value, at)
        counter = Data(self.node("counter", Kind.PYTHON, DType.INT, at))
        for name, given in (("__next__", ()), ("__getitem__", (counter,))):
            method = self.class_attribute(value.cls, name)
            if isinstance(method, FunctionValue):
                return self.call(BoundMethod(method, value), Arguments(given, {}, at))
        return self.library_any_element(value, at)

    def instance_item(self, value: Instance, index: Value, at: Place) -> Value:
        """Return `value[index]`, `__getitem__` of the project's classes run."""
        method = self.class_attribute(value.cls, "__getitem__")
        if isinstance(method, FunctionValue):
            return self.call(BoundMethod(method, value), Arguments((index,), {}, at))
        return self.library_item(value, index, at)

    def set_instance_item(self, owner: Instance, index: Value, value: Value, at: Place) -> None:
        """Run `owner[index] = value`, `__setitem__` of the project's classes run."""
        method = self.class_attribute(owner.cls, "__setitem__")
        if isinstance(method, FunctionValue):
            self.call(BoundMethod(method, owner), Arguments((index, value), {}, at))
        else:
            self.library_set_item(owner, index, value, at)

    def library_has_run(self, value: Instance, name: str) -> None:
        raise NotImplementedError

    def library_set_item(self, value: Instance, index: Value, given: Value, at: Place) -> None:
        raise NotImplementedError

    def library_item(self, value: Instance, index: Value, at: Place) -> Value:
        raise NotImplementedError

    def library_elements(self, value: Instance) -> Contents | None:
        raise NotImplementedError

    def library_any_element(self, value: Instance, at: Place) -> Value:
        raise NotImplementedError


def merged(rows: list[list[Value]]) -> list[Value]:
    """Merge the orders of several bases as Python does (C3)."""
    order: list[Value] = []
    while any(rows):
        rows = [row for row in rows if row]
        heads = [row[0] for row in rows]
        # Where Python would refuse the bases, any order will do.
        head = next(
            (h for h in heads if not any(same_class(h, c) for row in rows for c in row[1:])),
            heads[0],
        )
        order.append(head)
        rows = [[c for c in row if not same_class(c, head)] for row in rows]
    return order


def same_class(a: Value, b: Value) -> bool:
    """Whether two values are one class; a decorator may have copied it."""
    if isinstance(a, ClassValue) and isinstance(b, ClassValue):
        return a.identity == b.identity
    return a == b
