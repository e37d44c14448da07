"""Copies of objects.

TensorFlow 2.21: a copied tensor is the tensor, `copy.copy` of a `tf.Variable` the variable;
`copy.deepcopy` of one is another variable with the same value.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tapelint.analysis.ir import Place
from tapelint.analysis.models.keras_copies import clone
from tapelint.analysis.models.registry import models
from tapelint.analysis.values import (
    Arguments,
    Box,
    FunctionValue,
    Instance,
    Tuple,
    Union,
    Value,
    VariableValue,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter


@models("copy.copy")
def shallow(machine: Interpreter, args: Arguments) -> Value:
    """Run `copy.copy(x)`."""
    value = args.get(0, "x")
    if value is None:
        return machine.unknown("copy.copy", args.values, args.place)
    own = own_copy(machine, value, "__copy__", args)
    if own is not None:
        return own
    match value:
        case Box():
            return machine.fill(Box(value.kind), machine.contents(value))
        case Instance():
            return copied_instance(machine, value, {})
        case _:
            return value


@models("copy.deepcopy")
def deep(machine: Interpreter, args: Arguments) -> Value:
    """Run `copy.deepcopy(x)`."""
    value = args.get(0, "x")
    if value is None:
        return machine.unknown("copy.deepcopy", args.values, args.place)
    return deep_copy(machine, value, args.place)


def deep_copy(machine: Interpreter, value: Value, place: Place) -> Value:
    """Copy a value with all that it holds; what is held twice stays one thing."""
    return Copying(machine, place).copy(value)


class Copying:
    """One deep copy: `memo` holds what was copied already, by identity."""

    def __init__(self, machine: Interpreter, place: Place) -> None:
        self.machine = machine
        self.place = place
        self.memo: dict[int, Value] = {}

    def copy(self, value: Value) -> Value:
        """Return the copy of one value."""
        match value:
            case VariableValue() | Box() | Instance():
                found = self.memo.get(value.identity)
                return found if found is not None else self.copy_object(value)
            case Tuple():
                return replace(value, elements=tuple(self.copy(e) for e in value.elements))
            case Union():
                return self.machine.join_all([self.copy(option) for option in value.options])
            case _:
                return value

    def copy_object(self, value: VariableValue | Box | Instance) -> Value:
        machine = self.machine
        match value:
            case VariableValue():
                made: Value = copied_variable(machine, value, self.place)
                self.memo[value.identity] = made
                return made
            case Box():
                contents = machine.contents(value)
                box = self.memo[value.identity] = Box(value.kind)
                values = tuple(self.copy(element) for element in contents.values)
                rest = None if contents.rest is None else self.copy(contents.rest)
                return machine.fill(box, replace(contents, values=values, rest=rest))
            case Instance():
                own = own_copy(machine, value, "__deepcopy__", Arguments((), {}, self.place))
                base = machine.library_base(value.cls) or ""
                if own is None and base.startswith("keras."):
                    own = clone(machine, value, self.place)
                if own is not None:
                    self.memo[value.identity] = own
                    return own
                instance = self.memo[value.identity] = Instance(value.cls)
                for name, held in machine.attributes(value.identity).items():
                    machine.state.cells[(instance.identity, name)] = self.copy(held)
                return instance


def copied_variable(machine: Interpreter, variable: VariableValue, place: Place) -> VariableValue:
    """Make a variable with the value of another one."""
    return machine.variable(
        place,
        library=variable.library,
        dtype=variable.node.dtype,
        trainable=variable.node.trainable,
        initial=variable,
    )


def copied_instance(machine: Interpreter, value: Instance, changes: dict[str, Value]) -> Instance:
    """Make an object with the attributes of another one."""
    made = Instance(value.cls)
    for name, held in {**machine.attributes(value.identity), **changes}.items():
        machine.state.cells[(made.identity, name)] = held
    return made


def own_copy(machine: Interpreter, value: Value, name: str, args: Arguments) -> Value | None:
    """Run the copying method that a class of the project defines."""
    if not isinstance(value, Instance):
        return None
    method = machine.class_attribute(value.cls, name)
    if not isinstance(method, FunctionValue):
        return None
    memo = (machine.fill(Box("dict"), machine.contents(Box("dict"))),) if "deep" in name else ()
    bound = machine.bound(method, value, args.place)
    return machine.call(bound, Arguments(memo, {}, args.place))
