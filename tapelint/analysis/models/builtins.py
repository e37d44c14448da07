"""Python's own functions that ask or change objects, print or leave the program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis import sparse
from tapelint.analysis.containers import names_of
from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.models.registry import models
from tapelint.analysis.values import (
    NONE,
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
    VariableValue,
    options_of,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter


@models("builtins.print", "builtins.breakpoint", "builtins.input", "builtins.help")
def print_(machine: Interpreter, args: Arguments) -> Value:
    """Print or ask: nothing is kept."""
    for value in args.values:
        if isinstance(value, Box):
            machine.elements(value)
    return NONE


@models("builtins.exit", "builtins.quit", "sys.exit", "os._exit", "os.abort")
def exit_(machine: Interpreter, args: Arguments) -> Value:
    """Leave the program."""
    machine.die()
    return NONE


@models("builtins.callable")
def callable_(machine: Interpreter, args: Arguments) -> Value:
    """Run `callable(x)`."""
    value = args.get(0)
    if isinstance(value, FunctionValue | BoundMethod | ClassValue | Native | Method):
        return Const(True)
    if isinstance(value, Const | Tuple | Box | VariableValue):
        return Const(False)
    return Data(machine.node("callable", Kind.PYTHON, DType.BOOL, args.place))


@models("builtins.hasattr")
def hasattr_(machine: Interpreter, args: Arguments) -> Value:
    """Run `hasattr(x, name)`."""
    owner, name = args.get(0), args.get(1)
    if owner is not None and isinstance(name, Const) and isinstance(name.value, str):
        if name.value in sparse.PARTS | sparse.LACKS and sparse.is_sparse(owner):
            return Const(name.value in sparse.PARTS)
        if machine.peek(owner, name.value) is not None:
            return Const(True)
        if isinstance(owner, Instance) and isinstance(owner.cls, ClassValue):
            if machine.class_attribute(owner.cls, name.value) is not None:
                return Const(True)
            if machine.library_base(owner.cls) is None and not machine.has_unknown_base(owner.cls):
                return Const(False)
    return Data(machine.node("hasattr", Kind.PYTHON, DType.BOOL, args.place))


@models("builtins.getattr")
def getattr_(machine: Interpreter, args: Arguments) -> Value:
    """Run `getattr(x, name, default)`."""
    owner, name = args.get(0), args.get(1)
    if owner is not None and isinstance(name, Const) and isinstance(name.value, str):
        if len(args.positional) == 3 and machine.peek(owner, name.value) is None:
            found = hasattr_(machine, Arguments(args.positional[:2], {}, args.place))
            if found == Const(False):
                return args.positional[2]
        return machine.attribute(owner, name.value, args.place)
    return machine.unknown("getattr", args.values, args.place)


@models("builtins.setattr")
def setattr_(machine: Interpreter, args: Arguments) -> Value:
    """Run `setattr(x, name, value)`."""
    if len(args.positional) == 3:
        owner, name, value = args.positional
        if isinstance(name, Const) and isinstance(name.value, str):
            machine.note_label(value, name.value)
            machine.note_rebinding(machine.peek(owner, name.value), value, name.value, args.place)
            machine.set_attribute(owner, name.value, value, args.place)
            if isinstance(owner, Data) and owner.kind is Kind.UNKNOWN:
                machine.set_from_outside.add(name.value)
        else:
            if isinstance(name, External):
                # A constant of another file, which may be any word.
                name = machine.unknown("name", [], args.place)
            for one in options_of(owner):
                if isinstance(one, Instance):
                    machine.set_box_item(machine.attribute_dict(one), name, value)
                elif isinstance(one, Box) and one.kind == "namespace":
                    # for: for name, value in read.items(): setattr(args, name, value)
                    machine.set_box_item(one, name, value)
            if not isinstance(value, Const):
                machine.escape_into(owner, value)
    return NONE


@models("builtins.type")
def type_(machine: Interpreter, args: Arguments) -> Value:
    """Run `type(x)`."""
    value = args.get(0)
    if isinstance(value, Instance):
        return value.cls
    return machine.unknown("type", [], args.place)


@models("builtins.object.__new__")
def object_new(machine: Interpreter, args: Arguments) -> Value:
    """Run `object.__new__(cls)`."""
    cls = args.get(0, "cls")
    if isinstance(cls, ClassValue):
        return Instance(cls)
    return machine.unknown("object", [], args.place)


@models("builtins.vars")
def vars_(machine: Interpreter, args: Arguments) -> Value:
    """Run `vars(x)`."""
    value = args.get(0)
    if isinstance(value, Instance):
        return machine.attribute(value, "__dict__", args.place)
    if isinstance(value, Box) and value.kind == "namespace":
        return names_of(value)
    return machine.unknown("vars", args.values, args.place)


@models(
    "builtins.dir", "builtins.id", "builtins.hash", "builtins.globals",
    "builtins.locals", "builtins.open", "builtins.ord", "builtins.chr", "builtins.hex",
)  # fmt: skip
def opaque(machine: Interpreter, args: Arguments) -> Value:
    """Ask for something that no gradient depends on."""
    return machine.unknown("builtin", [], args.place)


@models("builtins.eval", "builtins.exec")
def evaluate(machine: Interpreter, args: Arguments) -> Value:
    """Run code in a string: it sees every name that the caller sees."""
    frame = machine.frame
    for identity in (frame.identity, *frame.enclosing):
        for value in machine.attributes(identity).values():
            machine.escape(value)
    return machine.opaque_call("eval", args.values, args.place)


@models("builtins.slice")
def slice_(machine: Interpreter, args: Arguments) -> Value:
    """Run `slice(...)`."""
    return machine.unknown("slice", [], args.place)
