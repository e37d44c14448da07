"""Keras losses and metrics as objects.

Facts of Keras 3.15: a loss flows to both its arguments, the sparse ones cast their labels; what a
metric has gathered is in variables, so that nothing comes back from its result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Effect, Kind, Reason
from tapelint.analysis.ir import Place
from tapelint.analysis.models.keras_config import configure, layer_name
from tapelint.analysis.models.keras_layers import add_weight
from tapelint.analysis.models.keras_tracking import TrackingClass, own_variables
from tapelint.analysis.models.keras_weights import class_word
from tapelint.analysis.models.registry import LibraryClass, library_class
from tapelint.analysis.values import (
    NONE,
    Arguments,
    ClassValue,
    Const,
    Data,
    Instance,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

GATHERED = "<gathered>"
MOST_GATHERED = 8


@library_class("keras.losses.", "keras.Loss")
class LossClass(LibraryClass):
    """A loss object, or a project class based on `keras.losses.Loss`."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Run `__init__(name=None, reduction=..., ...)`."""
        configure(machine, made, arguments)

    def call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Run `loss(y_true, y_pred, sample_weight=None)`."""
        own = machine.class_attribute(instance.cls, "call")
        if own is None:
            return self.base_call(machine, instance, arguments)
        given = Arguments(
            arguments.positional[:2],
            {k: v for k, v in arguments.keywords.items() if k in ("y_true", "y_pred")},
            arguments.place,
            arguments.is_open,
        )
        result = machine.call(machine.bound(own, instance, arguments.place), given)
        weights = arguments.get(2, "sample_weight")
        inputs = [("losses", result), *(("sample_weight", w) for w in (weights,) if w is not None)]
        cls = instance.cls
        name = cls.name if isinstance(cls, ClassValue) else "keras.Loss"
        return machine.record(name, inputs, arguments.place, dtype=DType.FLOAT)

    def base_call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        name = machine.library_base(instance.cls) or "keras.Loss"
        names = ("y_true", "y_pred", "sample_weight")
        inputs = list(zip(names, arguments.positional, strict=False))
        inputs += list(arguments.keywords.items())
        effects = {}
        if class_word(name).startswith("Sparse"):
            truth = next((v for n, v in inputs if n == "y_true"), None)
            if truth is not None and any(not n.dtype.is_blocked for n in machine.leaves(truth)):
                effects["y_true"] = (Effect.CUT, Reason.CAST)
        return machine.record(name, inputs, arguments.place, dtype=DType.FLOAT, effects=effects)

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return an attribute that nobody has set."""
        if name in ("call", "get_config", "from_config", "__call__"):
            return None
        if name == "name":
            return Const(layer_name(machine, instance))
        return machine.unknown(f".{name}", [], at)

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run a method that the project does not define."""
        if name == "call":
            return self.base_call(machine, instance, arguments)
        if name == "__call__":
            return self.call(machine, instance, arguments)
        return machine.unknown(f".{name}", [], arguments.place)


@library_class("keras.metrics.", "keras.Metric")
class MetricClass(TrackingClass):
    """A metric object, or a project class based on `keras.metrics.Metric`."""

    library = "keras metric"

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Run `__init__(name=None, dtype=None, ...)`."""
        configure(machine, made, arguments)

    def call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Run `metric(...)`: an update, then the result."""
        for name, given in (
            ("update_state", arguments),
            ("result", Arguments((), {}, arguments.place)),
        ):
            own = machine.class_attribute(instance.cls, name)
            if own is None:
                result = self.method(machine, instance, name, given)
            else:
                result = machine.call(machine.bound(own, instance, given.place), given)
        return result

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return an attribute that nobody has set."""
        match name:
            case "name":
                return Const(layer_name(machine, instance))
            case "variables" | "weights" | "non_trainable_variables":
                held = own_variables(machine, instance)
                return machine.sequence("list", held, machine.unknown(name, [], at))
            case "trainable_variables" | "trainable_weights":
                return machine.sequence("list", ())
            case "total" | "count" | "dtype":
                return Data(machine.node(f".{name}", Kind.TENSOR, DType.FLOAT, at))
            case _ if name in METHODS:
                return None
            case _:
                return machine.unknown(f".{name}", [], at)

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run a method that the project does not define."""
        match name:
            case "update_state" | "update_state_and_result":
                self.gather(machine, instance, arguments)
                return NONE
            case "result" | "get_result" | "merge_state":
                return self.result(machine, instance, arguments.place)
            case "reset_state" | "reset_states":
                machine.state.cells.pop((instance.identity, GATHERED), None)
                return NONE
            case "add_weight" | "add_variable":
                fixed = {"trainable": Const(False), **arguments.keywords}
                given = Arguments(arguments.positional, fixed, arguments.place)
                return add_weight(machine, instance, given)
            case "__call__":
                return self.call(machine, instance, arguments)
            case _:
                return machine.unknown(f".{name}", [], arguments.place)

    def gather(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> None:
        key = (instance.identity, GATHERED)
        held = machine.state.cells.get(key)
        old = held.elements if isinstance(held, Tuple) else ()
        machine.state.cells[key] = Tuple((*old, *arguments.values)[-MOST_GATHERED:])

    def result(self, machine: Interpreter, instance: Instance, place: Place) -> Value:
        """Return what was gathered: the sums are variables, assigned and read again."""
        held = machine.state.cells.get((instance.identity, GATHERED))
        inputs = [("values", held)] if held is not None else []
        name = machine.library_base(instance.cls) or "keras.Metric"
        return machine.record(
            f"{name}.result",
            inputs,
            place,
            dtype=DType.FLOAT,
            effect=Effect.CUT,
            reason=Reason.METRIC,
        )


METHODS = frozenset(
    "update_state result reset_state reset_states add_weight add_variable get_config from_config "
    "merge_state stateless_update_state stateless_result stateless_reset_state".split()
)
