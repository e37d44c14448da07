"""Methods reached through `super()` that only a library class, or `object`, defines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.models.registry import methods
from tapelint.analysis.values import NONE, Arguments, ClassValue, Const, Instance, Super, Value

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter


@methods(Super)
def method(machine: Interpreter, receiver: Value, name: str, args: Arguments) -> Value:
    """Run `super().name(...)` past the last class of the project."""
    assert isinstance(receiver, Super)
    instance = receiver.receiver
    if name == "__new__" and isinstance(instance, ClassValue):
        return Instance(instance)
    if not isinstance(instance, Instance):
        return machine.opaque_call(f".{name}", args.values, args.place)
    if name == "__setattr__" and len(args.positional) == 2:
        key, value = args.positional
        if isinstance(key, Const) and isinstance(key.value, str):
            machine.store_attribute(instance, key.value, value, args.place)
            return NONE
    if machine.library_base(instance.cls) is None:
        return of_object(machine, name, args)
    library = machine.library_of(instance)
    match name:
        case "__init__":
            library.init(machine, instance, args)
            return NONE
        case "__getitem__" if args.positional:
            return library.item(machine, instance, args.positional[0], args.place)
        case "__call__":
            return library.call(machine, instance, args)
        case _:
            return library.method(machine, instance, name, args)


def of_object(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Run a method of `object`."""
    if name in ("__init__", "__init_subclass__", "__set_name__", "__delattr__"):
        return NONE
    return machine.unknown(f".{name}", args.values, args.place)
