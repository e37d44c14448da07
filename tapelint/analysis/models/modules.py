"""`tf.Module`: an object that finds the `tf.Variable`s in its attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.ir import Place
from tapelint.analysis.models import untracked
from tapelint.analysis.models.keras_tracking import TrackingClass, collection, walk
from tapelint.analysis.models.registry import library_class
from tapelint.analysis.values import NONE, Arguments, ClassValue, Data, Instance, Tuple, Value

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter


@library_class("tf.Module")
class ModuleClass(TrackingClass):
    """A project class based on `tf.Module`."""

    library = "tf"

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Run `tf.Module.__init__(name=None)`."""

    def call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Run a module that defines no `__call__`."""
        return machine.opaque_call("call", [instance, *arguments.values], arguments.place)

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return an attribute that nobody has set."""
        match name:
            case "trainable_variables" | "non_trainable_variables" | "variables":
                found = collection(machine, instance, name, at)
                if name == "trainable_variables":
                    untracked.note_collection(machine, instance, found)
                return found
            case "submodules":
                return Tuple(tuple(v.instance for v in walk(machine, instance)[1:]))
            case "name" | "name_scope":
                return Data(machine.node(f".{name}", Kind.PYTHON, DType.STRING, at))
            case _ if isinstance(instance.cls, ClassValue) and not name.startswith("_"):
                return machine.unknown(f".{name}", [], at)
            case _:
                return machine.unknown(f".{name}", [instance], at)

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run a method that the project does not define."""
        if name == "__init__":
            return NONE
        return machine.opaque_call(f".{name}", [instance, *arguments.values], arguments.place)
