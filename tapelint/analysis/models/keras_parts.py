"""The small objects layers are made with: initialisers, regularisers, constraints, activations.

Also classes of Keras that have no say in any gradient: callbacks, policies, progress bars.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tapelint.analysis import knowledge
from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.ir import Place
from tapelint.analysis.models.constants import dtype_of
from tapelint.analysis.models.keras_config import configure, configured_value
from tapelint.analysis.models.registry import LibraryClass, families, library_class, models
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Const,
    Data,
    External,
    Instance,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

INITIALIZERS = "tf.initializers."
REGULARIZERS = "keras.regularizers."
CONSTRAINTS = "keras.constraints."


class PartClass(LibraryClass):
    """An object that keeps what it was made with and does one thing when it is called."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Run `__init__`."""
        configure(machine, made, arguments)

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return an attribute that nobody has set."""
        if name in ("__call__", "get_config", "from_config"):
            return None
        given = configured_value(machine, instance, name)
        return given if given is not None else machine.unknown(f".{name}", [], at)

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run a method that the project does not define."""
        if name == "__call__":
            return self.call(machine, instance, arguments)
        return machine.unknown(f".{name}", [], arguments.place)


@library_class(INITIALIZERS, "keras.initializers.", "keras.Initializer")
class InitializerClass(PartClass):
    """An initialiser: numbers out of nothing."""

    def call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Run `initializer(shape, dtype=None)`."""
        dtype = dtype_of(arguments.get(1, "dtype")) or DType.FLOAT
        return Data(machine.node("initializer", Kind.TENSOR, dtype, arguments.place))


@library_class(REGULARIZERS, "keras.Regularizer")
class RegularizerClass(PartClass):
    """A regulariser: a penalty on a tensor."""

    def call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Run `regularizer(x)`."""
        name = machine.library_base(instance.cls) or REGULARIZERS
        inputs = [("x", v) for v in arguments.values]
        return machine.record(name, inputs, arguments.place, dtype=DType.FLOAT)


@library_class(CONSTRAINTS)
class ConstraintClass(PartClass):
    """A constraint: a tensor, projected."""

    def call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Run `constraint(w)`."""
        name = machine.library_base(instance.cls) or CONSTRAINTS
        return machine.record(name, [("w", v) for v in arguments.values], arguments.place)


@library_class("keras.random.SeedGenerator")
class SeedClass(PartClass):
    """A seed generator: integers."""

    def call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Run a generator that is called, which raises."""
        return self.method(machine, instance, "next", arguments)

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return an attribute that nobody has set."""
        if name == "next":
            return None
        return machine.variable(at, library="keras", dtype=DType.INT, trainable=False, label=name)

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run `next()`."""
        return Data(machine.node("seed", Kind.TENSOR, DType.INT, arguments.place))


@library_class(
    "keras.callbacks.", "keras.utils.Progbar", "keras.DTypePolicy", "keras.dtype_policies.",
    "keras.InputSpec", "keras.utils.CustomObjectScope", "keras.utils.Config",
)  # fmt: skip
class QuietClass(PartClass):
    """A class whose objects touch no tensor in a way that a gradient could notice."""

    def call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Run an object that is called."""
        return machine.unknown("call", [], arguments.place)

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return an attribute that nobody has set."""
        if name == "set_model":
            return None
        if name in ("model", "_model"):
            return machine.unknown(f".{name}", [], at)
        return super().attribute(machine, instance, name, at)

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run a method that the project does not define."""
        if name == "set_model" and arguments.positional:
            machine.state.cells[(instance.identity, "model")] = arguments.positional[0]
        return NONE

    def inside(
        self,
        machine: Interpreter,
        instance: Instance,
        at: Place,
        body: Callable[[Value], bool],
    ) -> bool:
        """Run `with scope:`."""
        return body(instance)


# ---------------------------------------------------------------------- by name


def is_callable(value: Value | None) -> bool:
    return value is not None and not isinstance(value, Const | Data)


@families(INITIALIZERS, "keras.initializers.", REGULARIZERS, CONSTRAINTS)
def part_by_name(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Run `keras.initializers.get("he_normal")`, and factories such as `regularizers.l2(0.1)`."""
    given = args.get(0, "identifier", "config")
    module, _, last = name.rpartition(".")
    if last == "serialize":
        return machine.unknown(name, [], args.place)
    if last in ("get", "deserialize"):
        if is_callable(given):
            return given or NONE
        if given is None or given == NONE:
            return NONE
        args = Arguments((), {}, args.place)
        last = "Given"
    made = Instance(External(f"{module}.{last.title().replace('_', '')}"))
    configure(machine, made, args)
    return made


@models("keras.activations.get", "keras.activations.deserialize")
def activation(machine: Interpreter, args: Arguments) -> Value:
    """Run `keras.activations.get(identifier)`: a function, named or handed back."""
    given = args.get(0, "identifier", "config")
    if given is None or given == NONE:
        return External("keras.activations.linear")
    if isinstance(given, Const) and isinstance(given.value, str):
        return External(knowledge.canonical(f"keras.activations.{given.value}"))
    if is_callable(given):
        return given
    return machine.unknown("keras.activations.get", [given], args.place)


@models("keras.losses.get", "keras.losses.deserialize", "keras.metrics.get",
        "keras.metrics.deserialize")  # fmt: skip
def loss_by_name(machine: Interpreter, args: Arguments) -> Value:
    """Run `keras.losses.get("mse")`: a function or an object."""
    given = args.get(0, "identifier", "config")
    if isinstance(given, Const) and isinstance(given.value, str):
        name = knowledge.canonical(f"keras.losses.{given.value}")
        if knowledge.is_known(name):
            return External(name)
        made = Instance(External(name if given.value[:1].isupper() else "keras.Loss"))
        configure(machine, made, Arguments((), {}, args.place))
        return made
    if is_callable(given):
        return given or NONE
    return machine.unknown("keras.losses.get", args.values, args.place)
