"""Optimizers: applying gradients assigns to variables, and walks the pairs to their end.

Facts of Keras 3.15: there is no `minimize` any more; `scale_loss` keeps the gradient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis import unread, updates
from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.ir import Place
from tapelint.analysis.models import eras, loss_scaling, tapes
from tapelint.analysis.models.keras_config import config_of, configure, configured_value
from tapelint.analysis.models.registry import LibraryClass, families, library_class
from tapelint.analysis.values import (
    NONE,
    Arguments,
    BoundMethod,
    Data,
    External,
    FunctionValue,
    Instance,
    TapeValue,
    Tuple,
    Union,
    Value,
    VariableValue,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

METHODS = frozenset(
    "apply_gradients apply minimize compute_gradients get_gradients aggregate_gradients build "
    "scale_loss get_scaled_loss get_unscaled_gradients get_config from_config get_weights "
    "set_weights add_variable add_variable_from_reference assign assign_add assign_sub "
    "stateless_apply update_step save_own_variables load_own_variables finalize_variable_values "
    "exclude_from_weight_decay get_slot get_slot_names get_updates add_weight _compute_gradients "
    "_aggregate_gradients _decayed_lr _get_hyper _set_hyper".split()
)
RATES = frozenset({"learning_rate", "lr", "_learning_rate"})


@library_class(
    "tf.optimizers.", "keras.optimizers.", "keras.Optimizer",
    "keras.mixed_precision.LossScaleOptimizer",
    "keras.mixed_precision.experimental.LossScaleOptimizer", "tf.compat.v1.train.",
    "tfa.optimizers.", "tf.train.experimental.",
)  # fmt: skip
class OptimizerClass(LibraryClass):
    """An optimizer, or a project class based on one."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Run `__init__(learning_rate=..., ...)`."""
        configure(machine, made, arguments)
        eras.examine_options(machine, made, arguments)

    def call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Run an optimizer that is called: no Keras class of these is callable."""
        return machine.opaque_call("call", [instance, *arguments.values], arguments.place)

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return an attribute that nobody has set."""
        if name in METHODS:
            return None
        eras.examine_attribute(machine, instance, name, at)
        if name in RATES:
            return learning_rate(machine, instance, at)
        if name == "iterations":
            return state(machine, instance, name, at, DType.INT)
        if name in ("variables", "weights", "_variables"):
            slot = state(machine, instance, "slots", at, DType.FLOAT)
            return machine.sequence("list", (), slot)
        if name == "inner_optimizer":
            return configured_value(machine, instance, name) or Instance(
                External("keras.Optimizer")
            )
        given = configured_value(machine, instance, name)
        return given if given is not None else machine.unknown(f".{name}", [], at)

    def set_attribute(
        self, machine: Interpreter, instance: Instance, name: str, value: Value, at: Place
    ) -> None:
        """Note a rate that is set under a name which nobody reads any more."""
        eras.examine_setting(machine, instance, name, at)

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run a method that the project does not define."""
        place = arguments.place
        machine.applies |= name in unread.APPLYING
        eras.examine_method(machine, instance, name, arguments)
        eras.examine_loss(machine, machine.library_base(instance.cls) or "", name, arguments)
        match name:
            case "apply_gradients":
                apply_pairs(machine, instance, arguments.get(0, "grads_and_vars"), place)
                return NONE
            case "apply":
                apply_lists(machine, instance, arguments)
                return NONE
            case "minimize":
                return minimize(machine, instance, arguments)
            case "compute_gradients" | "_compute_gradients" | "get_gradients":
                return compute_gradients(machine, name, arguments)
            case "scale_loss" | "get_scaled_loss":
                return scaled(machine, name, arguments)
            case "get_unscaled_gradients" | "aggregate_gradients" | "_aggregate_gradients":
                return arguments.get(0, "grads", "grads_and_vars") or NONE
            case "get_weights" | "get_config" | "get_slot_names" | "_decayed_lr" | "_get_hyper":
                return machine.unknown(name, [], place)
            case "assign" | "assign_add" | "assign_sub" if len(arguments.positional) == 2:
                variable, value = arguments.positional
                if isinstance(variable, VariableValue):
                    machine.assign(variable, value, f".{name}", place)
                return NONE
            case "add_variable" | "add_weight" | "add_variable_from_reference" | "get_slot":
                return machine.variable(place, library="keras", dtype=DType.FLOAT, trainable=False)
            case "stateless_apply":
                return machine.unknown(name, arguments.values, place)
            case _:
                return NONE


def learning_rate(machine: Interpreter, optimizer: Instance, at: Place) -> Value:
    """Return `optimizer.learning_rate`: what it was made with, or a variable off every tape."""
    given = configured_value(machine, optimizer, "learning_rate")
    if isinstance(given, VariableValue | Instance):
        return given
    return state(machine, optimizer, "learning_rate", at, DType.FLOAT)


def state(
    machine: Interpreter, optimizer: Instance, name: str, at: Place, dtype: DType
) -> VariableValue:
    """Return a variable of the optimizer's own, the same each time."""
    key = (optimizer.identity, f"<{name}>")
    found = machine.state.cells.get(key)
    if not isinstance(found, VariableValue):
        made_with = config_of(machine, optimizer)
        place = at if made_with is None else made_with.place
        found = machine.variable(
            place, library="keras", dtype=dtype, trainable=False, label=name,
            is_many=name == "slots",
        )  # fmt: skip
        machine.state.cells[key] = found
    return found


# ---------------------------------------------------------------------- applying


def apply_pairs(
    machine: Interpreter, optimizer: Instance, pairs: Value | None, place: Place
) -> None:
    """Run `apply_gradients(grads_and_vars)`."""
    if pairs is None:
        return
    updates.examine(machine, pairs, place)
    known = machine.elements(pairs)
    if known is None:
        return
    machine.spend(pairs)
    everything = [*known.values, *([known.rest] if known.rest is not None else [])]
    parts = [found.values for pair in everything if (found := machine.elements(pair)) is not None]
    couples = [couple for couple in parts if len(couple) == 2]
    loss_scaling.examine(machine, optimizer, [gradient for gradient, _ in couples], place)
    for gradient, variable in couples:
        update(machine, variable, gradient, place)


def apply_lists(machine: Interpreter, optimizer: Instance, args: Arguments) -> None:
    """Run `apply(grads, trainable_variables=None)`."""
    grads, variables = args.get(0, "grads"), args.get(1, "trainable_variables")
    found = None if grads is None else machine.elements(grads)
    if found is not None:
        loss_scaling.examine(machine, optimizer, found.values, args.place)
    if grads is None or variables is None:
        return
    updates.examine_lists(machine, grads, variables, args.place)
    given, known = machine.elements(grads), machine.elements(variables)
    machine.spend(grads)
    if known is None:
        return
    for position, variable in enumerate(known.values):
        gradient: Value = grads
        if given is not None and given.rest is None and position < len(given.values):
            gradient = given.values[position]
        update(machine, variable, gradient, args.place)
    if known.rest is not None:
        update(machine, known.rest, grads, args.place)


def update(machine: Interpreter, variable: Value, gradient: Value, place: Place) -> None:
    """Let the optimizer assign a variable: no tape follows the step it takes."""
    match variable:
        case VariableValue():
            active, _ = machine.state.recording()
            if active:
                # Only a tape that is recording can be misled by what it does not see.
                machine.assign(variable, gradient, "apply_gradients", place)
        case Union():
            for option in variable.options:
                update(machine, option, gradient, place)
        case _:
            pass


# ---------------------------------------------------------------------- minimizing


def minimize(machine: Interpreter, optimizer: Instance, args: Arguments) -> Value:
    """Run `minimize(loss, var_list, tape=None)` of Keras 2 and TensorFlow 1."""
    loss, variables = args.get(0, "loss"), args.get(1, "var_list")
    tape = args.get(None, "tape")
    if isinstance(tape, TapeValue) and loss is not None and variables is not None:
        given = Arguments((loss, called(machine, variables, args)), {}, args.place)
        tapes.ask(machine, tape, "gradient", given)
    elif loss is not None:
        called(machine, loss, args)
    return NONE


def called(machine: Interpreter, value: Value, args: Arguments) -> Value:
    """Run a loss or a list of variables that was given as a function."""
    if isinstance(value, FunctionValue | BoundMethod):
        return machine.call(value, Arguments((), {}, args.place))
    return value


def compute_gradients(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Run `compute_gradients(loss, var_list, tape=None)`: pairs of gradient and variable."""
    loss, variables = args.get(0, "loss"), args.get(1, "var_list", "params")
    tape = args.get(None, "tape")
    if loss is None or variables is None or not isinstance(tape, TapeValue):
        return machine.opaque_call(name, args.values, args.place)
    gradients = tapes.ask(machine, tape, "gradient", Arguments((loss, variables), {}, args.place))
    found, known = machine.elements(gradients), machine.elements(variables)
    if found is None or known is None:
        return machine.unknown(name, [gradients, variables], args.place)
    pairs = [Tuple((g, v)) for g, v in zip(found.values, known.values, strict=False)]
    rest: Value | None = None
    if found.rest is not None and known.rest is not None:
        rest = Tuple((found.rest, known.rest))
    return machine.sequence("list", pairs, rest)


def scaled(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Run `scale_loss(loss)`; a loss that is a function gives a function."""
    loss = args.get(0, "loss")
    if loss is None or isinstance(loss, FunctionValue | BoundMethod):
        return machine.opaque_call(name, args.values, args.place)
    return machine.record(name, [("loss", loss)], args.place)


# ---------------------------------------------------------------------- schedules


@library_class("tf.optimizers.schedules.", "keras.optimizers.schedules.")
class ScheduleClass(LibraryClass):
    """A learning rate schedule: a number of each step, without a gradient."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Run `__init__`."""
        configure(machine, made, arguments)

    def call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Run `schedule(step)`."""
        return Data(machine.node("learning_rate", Kind.TENSOR, DType.FLOAT, arguments.place))

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return an attribute that nobody has set."""
        given = configured_value(machine, instance, name)
        return given if given is not None else machine.unknown(f".{name}", [], at)


@families("tf.optimizers.", "keras.optimizers.")
def optimizer_function(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Run `keras.optimizers.get("adam")`, `deserialize(...)` and legacy lower-case factories."""
    given = args.get(0, "identifier", "config")
    if isinstance(given, Instance):
        return given
    if name.endswith(".serialize"):
        return machine.unknown(name, [], args.place)
    made = Instance(External("keras.Optimizer"))
    configure(machine, made, Arguments((), {}, args.place))
    return made
