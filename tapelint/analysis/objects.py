"""Attributes: of instances and classes of the project, of library values, of the unknown."""

from __future__ import annotations

from dataclasses import replace

from tapelint.analysis import persistence, sparse
from tapelint.analysis.classes import Classes
from tapelint.analysis.graph import DType, Edge, Effect, Kind, Reason
from tapelint.analysis.ir import Place
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    NONE,
    Arguments,
    BoundMethod,
    Box,
    ClassValue,
    Const,
    Data,
    Dataset,
    DTypeValue,
    External,
    FunctionValue,
    Instance,
    Method,
    ModuleValue,
    Native,
    NoGradient,
    Pause,
    Super,
    Symbolic,
    TapeValue,
    Tuple,
    Union,
    Value,
    VariableValue,
)

# Attributes of tensors and arrays that say nothing of their values.
SHAPES = frozenset({"shape", "ndim", "size", "nbytes", "itemsize", "rank"})
DTYPE_QUESTIONS = {
    "is_floating": DType.FLOAT,
    "is_complex": DType.COMPLEX,
    "is_integer": DType.INT,
    "is_bool": DType.BOOL,
}
# Where the values of a sparse or ragged tensor lie.
PARTITIONS = frozenset({"indices", "dense_shape", "row_splits", "uniform_row_length"})
# The tensor that a composite tensor is made of, the same object at each access: what a tape holds.
HELD = frozenset({"values", "flat_values", "_value"})
ARRAY_VIEWS = frozenset({"T", "real", "imag", "flat", "mT", "values", "flat_values", "_value"})


class Objects(Classes):
    """Attribute access."""

    # ------------------------------------------------------------------ reading

    def attribute(self, value: Value, name: str, at: Place) -> Value:
        """Return `value.name`."""
        match value:
            case External():
                return self.external_attribute(value, name)
            case Instance():
                return self.instance_attribute(value, name, at)
            case ModuleValue():
                found = self.module_attribute(value, name)
                return self.unknown(f".{name}", [], at) if found is None else found
            case ClassValue():
                found = self.class_attribute(value, name)
                if found is not None:
                    return self.unbound(found, value)
                if name in ("__name__", "__qualname__"):
                    return Const(value.name)
                base = self.library_base(value)
                if base is not None:
                    return External(f"{base}.{name}")
                return self.unknown(f".{name}", [], at)
            case Super():
                return self.super_attribute(value, name, at)
            case Data():
                return self.data_attribute(value, name, at)
            case VariableValue():
                return self.variable_attribute(value, name, at)
            case Tuple():
                if name in value.names:
                    return value.elements[value.names.index(name)]
                if value.cls is not None:
                    method = self.class_attribute(value.cls, name)
                    if method is not None:
                        return self.bound(method, value, at)
                return Method(value, name)
            case Union():
                return self.union_attribute(value, name, at)
            case Const(value=None):
                # On this path Python raises; another path goes on.
                return self.unknown(f".{name}", [], at)
            case Box(kind="namespace"):
                found = self.namespace_item(value, name, at)
                return found if found is not None else Method(value, name)
            case Symbolic() if name in SHAPES:
                return self.unknown(f".{name}", [], at)
            case Symbolic() if name == "dtype":
                return DTypeValue(DType.FLOAT)
            case NoGradient():
                return self.unknown(f".{name}", [value], at)
            case DTypeValue() if name in DTYPE_QUESTIONS and value.dtype is not DType.UNKNOWN:
                return Const(value.dtype is DTYPE_QUESTIONS[name])
            case DTypeValue() if name in ("name", "base_dtype", "real_dtype", "as_numpy_dtype"):
                return value if name != "name" else Const(value.name or "float32")
            case BoundMethod() if name == "__func__":
                return value.function
            case BoundMethod() if name == "__self__":
                return value.receiver
            case FunctionValue() if name in ("__name__", "__qualname__"):
                return Const(value.lazy.name)
            case TapeValue() | Const() | Box() | Dataset() | Pause() | Symbolic() | Native():
                return Method(value, name)
            case FunctionValue() | BoundMethod():
                stored: Value | None = self.state.cells.get((function_key(value), name))
                return stored if stored is not None else Method(value, name)
            case _:
                return self.unknown(f".{name}", [], at)

    def module_attribute(self, module: ModuleValue, name: str) -> Value | None:
        raise NotImplementedError

    def external_attribute(self, value: External, name: str) -> Value:
        raise NotImplementedError

    def library_attribute(self, value: Instance, name: str, at: Place) -> Value:
        raise NotImplementedError

    def library_set(self, value: Instance, name: str, given: Value, at: Place) -> None:
        raise NotImplementedError

    def library_super(self, value: Super, name: str, at: Place) -> Value:
        raise NotImplementedError

    def union_attribute(self, value: Union, name: str, at: Place) -> Value:
        options = [o for o in value.options if not isinstance(o, Const | NoGradient)]
        found = [self.attribute(o, name, at) for o in options or value.options]
        return self.join_all(found)

    def instance_attribute(self, value: Instance, name: str, at: Place) -> Value:
        stored: Value | None = self.state.cells.get((value.identity, name))
        if stored is not None:
            is_number = isinstance(stored, Data | VariableValue)
            other = self.under_any_name(value) if is_number else None
            return stored if other is None else self.join_values(stored, other)
        found = self.class_attribute(value.cls, name)
        if found is not None:
            return self.bound(found, value, at)
        if name == "__class__":
            return value.cls
        if name == "__dict__":
            return self.attribute_dict(value)
        held = self.in_dict(value, name) or self.under_any_name(value)
        if held is not None:
            return held
        getter = self.class_attribute(value.cls, "__getattr__")
        if isinstance(getter, External):
            # for: __getattr__ = dict.__getitem__
            return self.call(getter, Arguments((value, Const(name)), {}, at))
        if getter is not None and not name.startswith("__"):
            return self.call(self.bound(getter, value, at), Arguments((Const(name),), {}, at))
        return self.library_attribute(value, name, at)

    def in_dict(self, value: Instance, name: str) -> Value | None:
        """Return what was written into `value.__dict__[name]`."""
        written = self.state.cells.get((value.identity, "<dict>"))
        return self.peek_item(written, Const(name)) if isinstance(written, Box) else None

    def under_any_name(self, value: Instance) -> Value | None:
        """Return what was set as an attribute whose name is not known: `setattr(value, name, x)`."""
        written = self.state.cells.get((value.identity, "<dict>"))
        return self.contents(written).rest if isinstance(written, Box) else None

    def attribute_dict(self, value: Instance) -> Box:
        """Return `value.__dict__`; what is written into it are attributes."""
        key = (value.identity, "<dict>")
        held = self.state.cells.get(key)
        # Made on one of two paths, it is another one on each.
        box = held if isinstance(held, Box) else self.fill(Box("dict"), Contents((), ()))
        stored = self.attributes(value.identity)
        items = {k: v for k, v in stored.items() if k[:1] != "<"}
        for name, own in stored.items():
            if name[:1] == "<" and isinstance(own, Tuple) and own.names:
                # The variables of a layer stand in attributes: Keras 3.15 has `_kernel` and `bias`.
                named = zip(own.names, own.elements, strict=True)
                items.update((key, v) for n, v in named if n for key in (n, f"_{n}"))
        known = Contents(tuple(items.values()), tuple(items))
        self.fill(box, self.overlay(self.contents(box), known))
        self.state.cells[key] = box
        return box

    def bound(self, found: Value, receiver: Value, at: Place) -> Value:
        """Return a class attribute as seen from an instance."""
        match found:
            case FunctionValue():
                if "property" in found.marks:
                    return self.call(BoundMethod(found, receiver), Arguments((), {}, at))
                if "cached_property" in found.marks:
                    made = self.call(BoundMethod(found, receiver), Arguments((), {}, at))
                    if isinstance(receiver, Instance):
                        self.state.cells[(receiver.identity, found.lazy.name)] = made
                    return made
                if "staticmethod" in found.marks:
                    return found
                if "classmethod" in found.marks and isinstance(receiver, Instance):
                    return BoundMethod(found, receiver.cls)
                return BoundMethod(found, receiver)
            case Native(name="field"):
                # A field of a dataclass whose constructor was not followed.
                return self.unknown("field", [], at)
            case Instance() if isinstance(receiver, Instance):
                getter = self.class_attribute(found.cls, "__get__")
                if isinstance(getter, FunctionValue):
                    given = Arguments((receiver, receiver.cls), {}, at)
                    return self.call(BoundMethod(getter, found), given)
                return found
            case Native() if found.name in ("property", "method"):
                return found.call(self, Arguments((receiver,), {}, at))
            case _:
                return found

    def unbound(self, found: Value, cls: ClassValue) -> Value:
        if isinstance(found, FunctionValue) and "classmethod" in found.marks:
            return BoundMethod(found, cls)
        return found

    def super_attribute(self, value: Super, name: str, at: Place) -> Value:
        cls = value.receiver.cls if isinstance(value.receiver, Instance) else value.owner
        order = list(self.ancestry(cls))
        after = [
            i
            for i, c in enumerate(order)
            if isinstance(c, ClassValue) and c.identity == value.owner.identity
        ]
        for ancestor in order[after[0] + 1 if after else 1 :]:
            if isinstance(ancestor, ClassValue):
                found = self.state.cells.get((ancestor.identity, name))
                if found is not None:
                    return self.bound(found, value.receiver, at)
        if isinstance(value.receiver, Instance):
            return self.library_super(value, name, at)
        if name == "__new__":
            return Method(value, name)
        return self.unknown(f".{name}", [], at)

    def data_attribute(self, value: Data, name: str, at: Place) -> Value:
        kind = value.kind
        stored: Value | None = self.state.cells.get((value.node, name))
        if stored is not None:
            return stored
        if name in SHAPES:
            return self.shape_of(value, name, at)
        if name == "dtype":
            return DTypeValue(value.dtype)
        if name in sparse.PARTS and sparse.is_sparse(value):
            return self.record(f".{name}", [("x", value)], at)
        if kind is Kind.UNKNOWN:
            if name in UNKNOWN_METHODS:
                return Method(value, name)
            made = self.unknown(f".{name}", [value], at)
            self.state.cells[(value.node, name)] = made
            return made
        if name in ARRAY_VIEWS:
            if name in HELD and kind in (Kind.TENSOR, Kind.JOIN):
                return value
            return self.record(
                f".{name}",
                [("x", value)],
                at,
                dtype=value.dtype,
                kind=kind if kind in (Kind.ARRAY, Kind.PYTHON) else Kind.TENSOR,
            )
        if name in PARTITIONS:
            return self.record(
                f".{name}",
                [("x", value)],
                at,
                dtype=DType.INT,
                effect=Effect.CUT,
                reason=Reason.VALUE_FREE,
            )
        return Method(value, name)

    def shape_of(self, value: Data, name: str, at: Place) -> Value:
        if name == "shape" and value.shape is not None:
            return Tuple(
                tuple(
                    Const(n)
                    if n is not None
                    else Data(self.node("dimension", Kind.PYTHON, DType.INT, at))
                    for n in value.shape
                )
            )
        if name == "ndim" and value.shape is not None:
            return Const(len(value.shape))
        edges = [Edge(value.node, Effect.CUT, Reason.VALUE_FREE)]
        return Data(self.node(f".{name}", Kind.PYTHON, DType.INT, at, edges))

    def variable_attribute(self, value: VariableValue, name: str, at: Place) -> Value:
        match name:
            case "shape" | "ndim" | "size":
                return Data(self.node(f".{name}", Kind.PYTHON, DType.INT, at))
            case "dtype":
                return DTypeValue(value.node.dtype)
            case "trainable":
                if value.node.trainable is None:
                    return Data(self.node(".trainable", Kind.PYTHON, DType.BOOL, at))
                return Const(value.node.trainable)
            case "name" | "path":
                return self.name_of(value, name, at)
            case "value" if value.library == "keras":
                # A property: the inner tf.Variable, the same source for a tape.
                return replace(value, library="tf")
            case "T" | "real" | "imag":
                return self.record(f".{name}", [("x", value)], at, dtype=value.node.dtype)
            case _:
                return Method(value, name)

    # ------------------------------------------------------------------ writing

    def store_attribute(self, owner: Instance, name: str, value: Value, at: Place) -> None:
        """Run `object.__setattr__(owner, name, value)`."""
        self.state.cells[(owner.identity, name)] = value
        persistence.note_shared(self, value)
        self.library_set(owner, name, value, at)

    def peek(self, owner: Value, name: str) -> Value | None:
        """Return a stored attribute without computing anything."""
        match owner:
            case Instance() | ClassValue():
                found: Value | None = self.state.cells.get((owner.identity, name))
                return found
            case Data():
                held: Value | None = self.state.cells.get((owner.node, name))
                return held
            case Box(kind="namespace"):
                return self.peek_item(owner, Const(name))
            case _:
                return None

    def set_attribute(self, owner: Value, name: str, value: Value, at: Place) -> None:
        """Run `owner.name = value`."""
        match owner:
            case Instance():
                own = self.class_attribute(owner.cls, "__setattr__")
                if isinstance(own, FunctionValue):
                    self.call(BoundMethod(own, owner), Arguments((Const(name), value), {}, at))
                    return
                if isinstance(own, External):
                    # for: __setattr__ = dict.__setitem__
                    self.call(own, Arguments((owner, Const(name), value), {}, at))
                    return
                setter = self.class_attribute(owner.cls, name)
                if isinstance(setter, Instance):
                    put = self.class_attribute(setter.cls, "__set__")
                    if isinstance(put, FunctionValue):
                        self.call(BoundMethod(put, setter), Arguments((owner, value), {}, at))
                        return
                if isinstance(setter, FunctionValue) and "property" in setter.marks:
                    written = self.class_attribute(owner.cls, f"{name}.setter")
                    if isinstance(written, FunctionValue):
                        self.call(BoundMethod(written, owner), Arguments((value,), {}, at))
                        return
                self.store_attribute(owner, name, value, at)
            case ClassValue():
                self.state.cells[(owner.identity, name)] = value
            case FunctionValue() | BoundMethod():
                self.state.cells[(function_key(owner), name)] = value
            case Data():
                self.state.cells[(owner.node, name)] = value
                if owner.kind is Kind.UNKNOWN and not isinstance(value, Const):
                    self.escape_into(owner, value)
            case Box(kind="namespace"):
                self.set_box_item(owner, Const(name), value)
            case Union():
                for option in owner.options:
                    if isinstance(option, Instance):
                        old = self.state.cells.get((option.identity, name), NONE)
                        self.state.cells[(option.identity, name)] = self.join_values(old, value)
                    else:
                        self.set_attribute(option, name, value, at)
            case _:
                self.escape(value)


# Methods of unknown values that mean the same on whatever has them.
UNKNOWN_METHODS = frozenset({"numpy", "item", "tolist"})


def function_key(value: FunctionValue | BoundMethod) -> object:
    """Return what attributes of a function are stored under: the same for every copy of it."""
    return value.lazy if isinstance(value, FunctionValue) else value.function.lazy
