"""Where models are registered: functions by canonical name or prefix, methods by kind of receiver,
library classes by name or prefix.

Looking a model up imports all of them once.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from tapelint.analysis.ir import Place
from tapelint.analysis.state import Contents
from tapelint.analysis.values import Arguments, Instance, Value

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

Model = Callable[["Interpreter", Arguments], Value]
FamilyModel = Callable[["Interpreter", str, Arguments], Value]
MethodModel = Callable[["Interpreter", Value, str, Arguments], Value]

_models: dict[str, Model] = {}
_families: dict[str, FamilyModel] = {}
_methods: dict[type, MethodModel] = {}
_plain: set[str] = set()
_classes: dict[str, LibraryClass] = {}


class LibraryClass:
    """What a class of a library does; subclasses model the ones that have semantics.

    This one stands for every class that is not understood: whatever it gives may depend on
    whatever it was handed.
    """

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Run `__init__` on a new instance of the class, or of a project class based on it."""
        for value in arguments.values:
            machine.hand_out(value)

    def call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Run `instance(...)`."""
        return machine.opaque_call("call", [instance, *arguments.values], arguments.place)

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return an attribute nobody has set, None where the name is a method to be called."""
        return machine.unknown(f".{name}", [instance], at)

    def set_attribute(
        self, machine: Interpreter, instance: Instance, name: str, value: Value, at: Place
    ) -> None:
        """Note that an attribute was given a value; it is stored already."""

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run a method the project does not define."""
        return machine.opaque_call(name, [instance, *arguments.values], arguments.place)

    def has_run(self, machine: Interpreter, instance: Instance, name: str) -> None:
        """Note that a method was run which the project does define."""

    def inside(
        self,
        machine: Interpreter,
        instance: Instance,
        at: Place,
        body: Callable[[Value], bool],
    ) -> bool:
        """Run `with instance as value:`; False when nothing follows the block."""
        return body(machine.unknown("context", [instance], at))

    def item(self, machine: Interpreter, instance: Instance, index: Value, at: Place) -> Value:
        """Return `instance[index]`."""
        return machine.unknown("[]", [instance, index], at)

    def set_item(
        self, machine: Interpreter, instance: Instance, index: Value, value: Value, at: Place
    ) -> None:
        """Run `instance[index] = value`."""
        machine.escape(value)

    def elements(self, machine: Interpreter, instance: Instance) -> Contents | None:
        """Return what iterating gives, None where that is not known one by one."""
        return None

    def any_element(self, machine: Interpreter, instance: Instance, at: Place) -> Value:
        """Return what stands for any element."""
        return machine.unknown("element", [instance], at)


UNKNOWN_CLASS = LibraryClass()


def models(*names: str) -> Callable[[Model], Model]:
    """Register a model under canonical names."""

    def register(model: Model) -> Model:
        for name in names:
            _models[name] = model
        return model

    return register


def families(*prefixes: str) -> Callable[[FamilyModel], FamilyModel]:
    """Register a model for every name below a prefix (given with its trailing dot)."""

    def register(model: FamilyModel) -> FamilyModel:
        for prefix in prefixes:
            _families[prefix] = model
        return model

    return register


def plain_families(*prefixes: str) -> Callable[[FamilyModel], FamilyModel]:
    """Register a model for prefixes below which nothing depends on a tensor of the program."""
    _plain.update(prefixes)
    return families(*prefixes)


def methods(*receivers: type) -> Callable[[MethodModel], MethodModel]:
    """Register the model of all methods of values of a kind."""

    def register(model: MethodModel) -> MethodModel:
        for receiver in receivers:
            _methods[receiver] = model
        return model

    return register


Class = TypeVar("Class", bound=type[LibraryClass])


def library_class(*names: str) -> Callable[[Class], Class]:
    """Register a class model under canonical names, or prefixes with their trailing dot."""

    def register(model: Class) -> Class:
        made = model()
        for name in names:
            _classes[name] = made
        return model

    return register


@cache
def _load() -> None:
    from tapelint.analysis import models as package

    for entry in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(entry.name)


@cache
def model_of(name: str) -> Model | None:
    """Return the model of a callable."""
    _load()
    return _models.get(name)


@cache
def family_of(name: str) -> FamilyModel | None:
    """Return the model of the longest registered prefix of a name."""
    _load()
    return _longest(name, _families)


@cache
def class_of(name: str) -> LibraryClass | None:
    """Return the model of a library class, by its name or the longest prefix that has one."""
    _load()
    return _classes.get(name) or _longest(name, _classes)


def is_class_name(name: str) -> bool:
    """Whether a dotted name is a class by its spelling: `keras.layers.Dense`."""
    return name.rpartition(".")[2][:1].isupper()


@cache
def is_plain(name: str) -> bool:
    """Whether nothing of the name depends on a tensor of the program."""
    _load()
    return name.startswith(tuple(_plain))


def methods_of(receiver: type) -> MethodModel | None:
    """Return the model of the methods of a kind of value."""
    _load()
    return _methods.get(receiver)


Found = TypeVar("Found")


def _longest(name: str, registered: dict[str, Found]) -> Found | None:
    end = len(name)
    while (end := name.rfind(".", 0, end)) >= 0:
        found = registered.get(name[: end + 1])
        if found is not None:
            return found
    return None
