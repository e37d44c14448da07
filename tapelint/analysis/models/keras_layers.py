"""Keras layers, built-in and the project's own: making them, calling them, their attributes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tapelint.analysis import shapes
from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.ir import Place
from tapelint.analysis.machine import PUT_SOMEWHERE
from tapelint.analysis.models import keras_leaves as leaves
from tapelint.analysis.models import untracked
from tapelint.analysis.models.constants import dtype_of, is_text
from tapelint.analysis.models.keras_calls import add_loss, build, call_layer
from tapelint.analysis.models.keras_config import (
    configure,
    configured_value,
    layer_name,
    new_weight,
    start_at,
)
from tapelint.analysis.models.keras_graphs import INPUTS, OUTPUTS
from tapelint.analysis.models.keras_inputs import elements
from tapelint.analysis.models.keras_regularization import losses, regularize, regularize_activity
from tapelint.analysis.models.keras_tracking import (
    COLLECTIONS,
    OPEN,
    PARTS,
    PENDING,
    SEED,
    TRAINABLE,
    WEIGHTS,
    TrackingClass,
    add_own,
    collection,
    freeze,
    is_built,
    mark_built,
    named_variable,
    own_variables,
    stays_fixed,
)
from tapelint.analysis.models.keras_weights import SEED_STATE, SEEDED, class_word, owned_by
from tapelint.analysis.models.registry import library_class
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    ClassValue,
    Const,
    Data,
    DTypeValue,
    External,
    FunctionValue,
    Instance,
    Tuple,
    Union,
    Value,
    VariableValue,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

METHODS = frozenset(
    "call build add_weight add_variable add_loss add_metric add_update get_weights set_weights "
    "count_params get_config build_from_config get_build_config from_config compute_output_shape "
    "compute_output_spec compute_mask get_input_at get_output_at get_input_shape_at "
    "get_output_shape_at stateless_call save_own_variables load_own_variables save_assets "
    "load_assets symbolic_call quantize enable_lora rematerialized_call adapt "
    "get_initial_state reset_states reset_state get_vocabulary set_vocabulary vocabulary_size "
    "compute_loss finalize_state update_state reverse export".split()
)
SHAPES = frozenset(
    {"input_shape", "output_shape", "input_spec", "dtype_policy", "supports_masking"}
)


@library_class("keras.layers.", "keras.Layer")
class LayerClass(TrackingClass):
    """A Keras layer, or a project class based on one."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Run `__init__`: the variables exist from here, to be tracked once the layer is built."""
        configure(machine, made, arguments)
        name = machine.library_base(made.cls) or ""
        self.make_parts(machine, made, arguments)
        owned = owned_by(name, arguments)
        label = layer_name(machine, made)
        made_variables = [
            new_weight(machine, f"{label}/{weight}", arguments.place, weight not in owned.fixed)
            for weight in (*owned.trainable, *owned.fixed)
        ]
        names = (*owned.trainable, *owned.fixed)
        for weight, variable in zip(names, made_variables, strict=True):
            initializer = arguments.keywords.get(f"{weight}_initializer")
            start_at(machine, variable, initializer, arguments.place)
        cells = machine.state.cells
        if made_variables:
            cells[(made.identity, PENDING)] = Tuple(tuple(made_variables), names)
            nodes = [v.node for v in made_variables]
            untracked.note_made(machine, made, nodes, arguments.place)
        if owned.is_open:
            cells[(made.identity, OPEN)] = machine.unknown(f"{label} weights", [], arguments.place)
        if class_word(name) in SEEDED and arguments.get(0, "rate") not in (Const(0), Const(0.0)):
            seed = machine.variable(
                arguments.place,
                library="keras",
                dtype=DType.INT,
                trainable=False,
                label=f"{label}/{SEED_STATE}",
            )
            cells[(made.identity, SEED)] = seed

    def make_parts(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Note the layers that a wrapper was handed, and those it makes of them."""
        name = class_word(machine.library_base(made.cls) or "")
        leaves.make_parts(machine, made, name, arguments)

    def call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Run `layer(...)`."""

        def run(given: Arguments) -> Value:
            own = machine.class_attribute(instance.cls, "call")
            if own is not None:
                result = machine.call(machine.bound(own, instance, given.place), given)
            else:
                result = self.base_call(machine, instance, given)
            regularize_activity(machine, instance, result, given.place)
            return result

        return call_layer(machine, instance, arguments, run, self.is_plain(machine, instance))

    def is_plain(self, machine: Interpreter, instance: Instance) -> bool:
        """Whether a call is known to give one tensor."""
        return isinstance(instance.cls, External) and leaves.is_plain(class_word(instance.cls.name))

    def base_call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Run the library's own `call`."""
        name = machine.library_base(instance.cls) or "keras.Layer"
        result = leaves.run(machine, instance, name, arguments)
        replaced = [("", value) for value in replacements(machine, instance, arguments.place)]
        if not replaced or not isinstance(result, Data):
            return result
        return machine.record(name, [("", result), *replaced], arguments.place)

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return an attribute that nobody has set."""
        if name in METHODS:
            return None
        variable = named_variable(machine, instance, name)
        if variable is not None:
            return variable
        if name in COLLECTIONS:
            found = collection(machine, instance, name, at)
            if name in TRAINABLE:
                untracked.note_collection(machine, instance, found)
            return found
        known = self.known_attribute(machine, instance, name, at)
        if known is not None:
            return known
        configured = configured_value(machine, instance, name)
        if configured is not None:
            return configured
        if isinstance(instance.cls, ClassValue):
            # Set by code that did not run, or by a base class we cannot read.
            return machine.unknown(f".{name}", [], at)
        if (instance.identity, OPEN) in machine.state.cells or name.startswith("_"):
            return machine.unknown(f".{name}", [instance], at)
        return Data(machine.node(f".{name}", Kind.PYTHON, DType.UNKNOWN, at))

    def known_attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        match name:
            case "trainable":
                return Const(True)
            case "built":
                return Const(is_built(machine, instance))
            case "name":
                return Const(layer_name(machine, instance))
            case "losses":
                return losses(machine, instance, at)
            case "dtype" | "compute_dtype" | "variable_dtype":
                return DTypeValue(DType.FLOAT, "tf.float32")
            case "output" | "input":
                return held_tensor(machine, instance, OUTPUTS if name == "output" else INPUTS, at)
            case "cell" if (instance.identity, PARTS) not in machine.state.cells:
                return instance
            case "layer" | "forward_layer" | "backward_layer":
                return leaves.part_named(machine, instance, name)
            case _ if name in SHAPES:
                return Data(machine.node(f".{name}", Kind.PYTHON, DType.INT, at))
            case _:
                return None

    def set_attribute(
        self, machine: Interpreter, instance: Instance, name: str, value: Value, at: Place
    ) -> None:
        """Pass `layer.trainable = value` down to everything tracked."""
        if name == "trainable":
            freeze(machine, instance, value)
        elif name == "built" and value == Const(True):
            mark_built(machine, instance)

    def has_run(self, machine: Interpreter, instance: Instance, name: str) -> None:
        """Keras 3.15 wraps `build`: whoever calls it, the first call of the layer will not."""
        if name == "build":
            mark_built(machine, instance)

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run a method that the project does not define."""
        match name:
            case "call":
                return self.base_call(machine, instance, arguments)
            case "__call__":
                return self.call(machine, instance, arguments)
            case "build" | "build_from_config":
                if machine.symbolic_in(arguments.values) is None:
                    mark_built(machine, instance)
                return NONE
            case "add_weight" | "add_variable":
                return add_weight(machine, instance, arguments)
            case "add_loss":
                if arguments.positional:
                    added = arguments.positional[0]
                    if isinstance(added, FunctionValue):
                        # for: layer.add_loss(lambda: tf.reduce_sum(layer.kernel))
                        added = machine.call(added, Arguments((), {}, arguments.place))
                    add_loss(machine, instance, added)
                return NONE
            case "get_weights":
                return weights_as_arrays(machine, instance, arguments.place)
            case "set_weights" | "load_own_variables":
                set_weights(machine, instance, arguments)
                return NONE
            case "count_params" | "compute_output_shape" | "compute_output_spec":
                return Data(machine.node(name, Kind.PYTHON, DType.INT, arguments.place))
            case "get_output_at" | "get_input_at":
                cell = OUTPUTS if name == "get_output_at" else INPUTS
                return held_tensor(machine, instance, cell, arguments.place)
            case "get_config" | "get_build_config":
                return machine.unknown(name, [], arguments.place)
            case "stateless_call":
                return stateless_call(machine, instance, arguments)
            case "compute_mask" | "add_metric" | "add_update" | "adapt" | "save_own_variables":
                return NONE
            case "reset_states" | "reset_state" | "quantize" | "enable_lora":
                return NONE
            case "get_initial_state":
                return leaves.initial_states(machine, instance, arguments.place)
            case "__setattr__" | "__init__":
                return self.object_method(machine, instance, name, arguments)
            case _:
                values = [instance, *arguments.values]
                return machine.opaque_call(f".{name}", values, arguments.place)

    def object_method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        if name == "__init__":
            self.init(machine, instance, arguments)
        elif len(arguments.positional) == 2:
            key, value = arguments.positional
            if isinstance(key, Const) and isinstance(key.value, str):
                machine.set_attribute(instance, key.value, value, arguments.place)
        return NONE


# ---------------------------------------------------------------------- weights and tensors


def replacements(machine: Interpreter, layer: Instance, place: Place) -> Iterator[Value]:
    """Yield what a program may have put in the place of the layer's own variables."""
    cells = machine.state.cells
    # for: layer._kernel = tf.reshape(predicted, shape), as the networks of networks do
    for variable in variable_names(machine, layer):
        for key in (variable, f"_{variable}"):
            for value in (cells.get((layer.identity, key)), machine.in_dict(layer, key)):
                if isinstance(value, Data | Union):
                    yield value
    # for: setattr(fast.get_layer(path[0]), path[1], weight - rate * gradient)
    other = machine.under_any_name(layer)
    if other is not None:
        yield other
    if PUT_SOMEWHERE in cells:
        own = own_variables(machine, layer)
        if any(variable.node in machine.state.escaped for variable in own):
            yield machine.unknown("weight", [], place)


def variable_names(machine: Interpreter, layer: Instance) -> Iterator[str]:
    """Yield the names of the layer's own variables, built or not."""
    for cell in (WEIGHTS, PENDING):
        held = machine.state.cells.get((layer.identity, cell))
        if isinstance(held, Tuple):
            yield from filter(None, held.names)


def add_weight(machine: Interpreter, layer: Instance, args: Arguments) -> VariableValue:
    """Run `add_weight(shape, initializer, dtype, trainable, ...)`; a name may come first."""
    shift = 1 if args.positional and is_text(args.positional[0]) else 0
    given = dtype_of(args.get(2 + shift, "dtype"))
    flag = args.get(3 + shift, "trainable")
    trainable: bool | None = True if flag is None else None
    if isinstance(flag, Const):
        trainable = bool(flag.value)
    made = machine.variable(
        args.place,
        library="keras",
        dtype=DType.FLOAT if given is None else given,
        trainable=trainable,
    )
    name = args.keywords.get("name") or (args.positional[0] if shift else None)
    word = name.value if isinstance(name, Const) and isinstance(name.value, str) else ""
    made.node.note = word
    start_at(machine, made, args.get(1 + shift, "initializer"), args.place)
    if stays_fixed(machine, layer):
        made.node.trainable = False
    add_own(machine, layer, made, "")
    regularizer = args.keywords.get("regularizer")
    if regularizer is not None and regularizer != NONE:
        regularize(machine, layer, made, regularizer)
    shape = args.get(shift, "shape")
    known = None if shape is None else shapes.written(shape, elements(machine))
    return replace(made, shape=known)


def weights_as_arrays(machine: Interpreter, layer: Instance, place: Place) -> Box:
    """Run `get_weights()`: arrays, off every tape."""
    contents = machine.contents(collection(machine, layer, "weights", place))

    def copied(value: Value) -> Value:
        return machine.leave_tensorflow("get_weights", [value], place, Kind.ARRAY)

    rest = None if contents.rest is None else copied(contents.rest)
    return machine.sequence("list", [copied(v) for v in contents.values], rest)


def set_weights(machine: Interpreter, layer: Instance, args: Arguments) -> None:
    """Run `set_weights(arrays)`: an assignment to every variable."""
    machine.copies_weights = True
    variables = machine.contents(collection(machine, layer, "weights", args.place))
    given = args.get(0, "weights", "store")
    known = machine.elements(given) if given is not None else None
    for position, variable in enumerate(variables.values):
        if not isinstance(variable, VariableValue):
            continue
        value: Value = given or NONE
        if known is not None and known.rest is None and position < len(known.values):
            value = known.values[position]
        machine.assign(variable, value, "set_weights", args.place)


def held_tensor(machine: Interpreter, layer: Instance, cell: str, at: Place) -> Value:
    """Return `layer.output` or `layer.input`: the KerasTensor of its first call."""
    held = machine.state.cells.get((layer.identity, cell))
    if isinstance(held, Tuple) and held.elements:
        return held.elements[0]
    return machine.unknown(".output", [layer], at)


def stateless_call(machine: Interpreter, layer: Instance, args: Arguments) -> Value:
    """Run `stateless_call(trainable, non_trainable, *inputs)`: no variable is read."""
    build(machine, layer, Arguments(args.positional[2:], {}, args.place))
    inputs = [("", v) for v in args.values]
    name = f"{layer_name(machine, layer)}.stateless_call"
    outputs = machine.record(name, inputs, args.place, dtype=DType.FLOAT)
    state = machine.sequence("list", (), machine.unknown("state", [], args.place))
    return Tuple((outputs, state))
