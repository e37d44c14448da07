"""`tf.TensorArray`: tensors one by one, and stacked.

TensorFlow 2.21, eager: `write` changes the array and gives it back; in a graph only what it gives
back has the element, so that taking both for one array never loses a gradient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.ir import Place
from tapelint.analysis.models.constants import dtype_of
from tapelint.analysis.models.registry import LibraryClass, library_class
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    Const,
    Data,
    DTypeValue,
    Instance,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

# What an operation on the array as a whole brings in.
HELD = "<data>"
DTYPE = "dtype"
JOINED = ("stack", "concat", "gather")


@library_class("tf.TensorArray")
class TensorArray(LibraryClass):
    """An array of tensors; its elements stand in a dict under their index."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Run `tf.TensorArray(dtype, size=None, dynamic_size=None, ...)`."""
        dtype = dtype_of(arguments.get(0, "dtype")) or DType.UNKNOWN
        cells = machine.state.cells
        cells[(made.identity, DTYPE)] = DTypeValue(dtype)
        cells[(made.identity, HELD)] = machine.fill(Box("dict"), Contents((), ()))

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return what describes the array; all else are methods."""
        if name in ("flow", "handle", "element_shape", "dynamic_size"):
            return machine.unknown(name, [], at)
        return None

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run a method of the array."""
        held = self.held(machine, instance)
        place = arguments.place
        if name in JOINED:
            dtype = self.dtype(machine, instance)
            return machine.record(f"tf.TensorArray.{name}", [("x", held)], place, dtype=dtype)
        match name:
            case "write":
                index, value = arguments.get(0, "index"), arguments.get(1, "value")
                if index is not None and value is not None:
                    machine.set_box_item(held, index, self.converted(machine, value, place))
                return instance
            case "read":
                index = arguments.get(0, "index")
                return self.read(machine, instance, index or NONE, place)
            case "unstack" | "scatter" | "split":
                value = arguments.get(1 if name == "scatter" else 0, "value")
                if value is not None:
                    rows = machine.any_element(value, place)
                    contents = machine.contents(held)
                    rest = machine.with_rest(contents, rows)
                    machine.fill(held, Contents(contents.values, contents.keys, rest))
                return instance
            case "identity" | "mark_used" | "grad":
                return instance
            case "size" | "close":
                return Data(machine.node(name, Kind.TENSOR, DType.INT, place))
            case _:
                return machine.opaque_call(name, [instance, *arguments.values], place)

    def held(self, machine: Interpreter, instance: Instance) -> Box:
        """Return the elements."""
        found = machine.state.cells[(instance.identity, HELD)]
        assert isinstance(found, Box)
        return found

    def dtype(self, machine: Interpreter, instance: Instance) -> DType:
        """Return the dtype that every element has."""
        found = machine.state.cells[(instance.identity, DTYPE)]
        return found.dtype if isinstance(found, DTypeValue) else DType.UNKNOWN

    def converted(self, machine: Interpreter, value: Value, place: Place) -> Value:
        """Return the tensor that is written."""
        if isinstance(value, Data) and value.kind is Kind.TENSOR:
            return value
        return machine.record("tf.TensorArray.write", [("value", value)], place)

    def read(self, machine: Interpreter, instance: Instance, index: Value, place: Place) -> Value:
        """Return an element: the one under the index, or whichever may be."""
        held = self.held(machine, instance)
        found = machine.peek_item(held, index)
        if found is not None:
            return found
        contents = machine.contents(held)
        values = [*contents.values, *([] if contents.rest is None else [contents.rest])]
        if isinstance(index, Const) and contents.rest is not None:
            return contents.rest
        return machine.join_all(values) if values else machine.unknown("read", [], place)
