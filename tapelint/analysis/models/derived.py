"""Project classes based on `list`, `dict` and their kin: what the base does with their elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.ir import Place
from tapelint.analysis.models.registry import LibraryClass, families, library_class, models
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    Const,
    Instance,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

HELD = "<data>"
BASES = {
    "builtins.list": "builtins.list",
    "builtins.dict": "builtins.dict",
    "builtins.set": "builtins.set",
    "builtins.tuple": "builtins.list",
    "collections.OrderedDict": "builtins.dict",
    "collections.defaultdict": "collections.defaultdict",
    "collections.Counter": "builtins.dict",
    "collections.UserDict": "builtins.dict",
    "collections.UserList": "builtins.list",
    "collections.deque": "collections.deque",
}


@library_class(*BASES)
class Container(LibraryClass):
    """An object that is a list, set or dict with methods of its own."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Run the constructor of the base."""
        base = machine.library_base(made.cls) or "builtins.list"
        machine.state.cells[(made.identity, HELD)] = machine.call_external(
            BASES.get(base, "builtins.list"), arguments
        )

    def held(self, machine: Interpreter, instance: Instance) -> Box:
        """Return the elements; a constructor that never calls its base leaves none."""
        found = machine.state.cells.get((instance.identity, HELD))
        if not isinstance(found, Box):
            base = machine.library_base(instance.cls) or ""
            is_mapping = BASES.get(base, "").endswith("dict")
            found = machine.fill(Box("dict" if is_mapping else "list"), empty(is_mapping))
            machine.state.cells[(instance.identity, HELD)] = found
        return found

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return the elements of a `UserDict`; all else are methods."""
        if name == "data":
            return self.held(machine, instance)
        return None

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run a method of the base."""
        held = self.held(machine, instance)
        if name == "__setitem__" and len(arguments.positional) == 2:
            machine.set_item(held, *arguments.positional, arguments.place)
            return NONE
        if name == "copy":
            made = Instance(instance.cls)
            copied = machine.fill(Box(held.kind), machine.contents(held))
            machine.state.cells[(made.identity, HELD)] = copied
            return made
        return machine.call_method(held, name, arguments)

    def item(self, machine: Interpreter, instance: Instance, index: Value, at: Place) -> Value:
        """Return an element."""
        return machine.item(self.held(machine, instance), index, at)

    def set_item(
        self, machine: Interpreter, instance: Instance, index: Value, value: Value, at: Place
    ) -> None:
        """Store an element."""
        machine.set_item(self.held(machine, instance), index, value, at)

    def elements(self, machine: Interpreter, instance: Instance) -> Contents | None:
        """Return what walking over the base gives."""
        return machine.elements(self.held(machine, instance))

    def any_element(self, machine: Interpreter, instance: Instance, at: Place) -> Value:
        """Return what stands for any element."""
        return machine.any_element(self.held(machine, instance), at)


def empty(is_mapping: bool) -> Contents:
    """Return the contents of a new container."""
    return Contents((), () if is_mapping else None)


@families("builtins.list.", "builtins.dict.", "builtins.set.")
def unbound(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Run `dict.__getitem__(self, key)` and the like."""
    receiver = args.get(0)
    method = name.rpartition(".")[2]
    given = Arguments(args.positional[1:], args.keywords, args.place, args.is_open)
    if isinstance(receiver, Instance):
        library = machine.library_of(receiver)
        if method == "__init__":
            library.init(machine, receiver, given)
            return NONE
        if method == "__getitem__" and given.positional:
            return library.item(machine, receiver, given.positional[0], args.place)
        return library.method(machine, receiver, method, given)
    if isinstance(receiver, Box | Tuple):
        return machine.call_method(receiver, method, given)
    return machine.opaque_call(name, args.values, args.place)


@models("builtins.dict.fromkeys", "collections.OrderedDict.fromkeys")
def fromkeys(machine: Interpreter, args: Arguments) -> Value:
    """Run `dict.fromkeys(keys, value)`."""
    keys, value = args.get(0, "iterable"), args.get(1, "value") or NONE
    made = Contents((), ())
    known = None if keys is None else machine.elements(keys)
    for element in known.values if known is not None else ():
        is_known, key = machine.key(element)
        one = Contents((value,), (key,)) if is_known else Contents((), (), value)
        made = machine.overlay(made, one)
    if known is None or known.rest is not None:
        made = machine.overlay(made, Contents((), (), value))
    return machine.fill(Box("dict"), made)


@models("builtins.object.__setattr__")
def object_setattr(machine: Interpreter, args: Arguments) -> Value:
    """Run `object.__setattr__(x, name, value)`, past what the class makes of it."""
    if len(args.positional) == 3:
        owner, name, value = args.positional
        if isinstance(owner, Instance) and isinstance(name, Const) and isinstance(name.value, str):
            machine.note_label(value, name.value)
            machine.store_attribute(owner, name.value, value, args.place)
    return NONE


@models("builtins.object.__getattribute__")
def object_getattribute(machine: Interpreter, args: Arguments) -> Value:
    """Run `object.__getattribute__(x, name)`."""
    owner, name = args.get(0), args.get(1)
    if owner is not None and isinstance(name, Const) and isinstance(name.value, str):
        return machine.attribute(owner, name.value, args.place)
    return machine.unknown("__getattribute__", args.values, args.place)
