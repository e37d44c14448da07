"""Keras models: subclassed, `Sequential`, functional, and those whose graph is not known.

Facts of Keras 3.15: `Model(inputs, outputs)` computes its graph anew at each call; a `Sequential`
has tensors of its own as soon as its input shape is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.ir import Place
from tapelint.analysis.models import keras_graphs as graphs
from tapelint.analysis.models import keras_training as training
from tapelint.analysis.models.keras_compiled import GRAPH_LOSS
from tapelint.analysis.models.keras_config import config_of, configure
from tapelint.analysis.models.keras_copies import clone
from tapelint.analysis.models.keras_functional import (
    CHAIN,
    GRAPH_INPUTS,
    GRAPH_OUTPUTS,
    STACK,
    chain_of,
    fold,
    graph_of,
    run_graph,
    set_graph,
)
from tapelint.analysis.models.keras_inputs import fitted, keep_shape, kept_shape, of_input
from tapelint.analysis.models.keras_layers import LayerClass, held_tensor
from tapelint.analysis.models.keras_leaves import anything
from tapelint.analysis.models.keras_lookup import find_layer
from tapelint.analysis.models.keras_tracking import (
    OPEN,
    PARTS,
    direct_layers,
    mark_built,
)
from tapelint.analysis.models.keras_unread import inner_layer, inner_tensor, open_model, unread_in
from tapelint.analysis.models.registry import library_class, models
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    ClassValue,
    Const,
    Data,
    External,
    Instance,
    Symbolic,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

METHODS = frozenset(
    "get_layer add pop summary save save_weights load_weights to_json to_yaml reset_metrics "
    "make_train_function make_test_function make_predict_function get_compile_config "
    "compile_from_config call_symbolic state_updates get_metrics_result".split()
)
QUIET = frozenset(
    "summary save save_weights load_weights export reset_metrics make_train_function "
    "make_test_function make_predict_function compile_from_config reset_states".split()
)
SHAPED = frozenset({"input_shape", "batch_input_shape", "input_dim"})
SEQUENTIAL = ("keras.Sequential", "keras.models.Sequential")


@library_class(
    "keras.Model", "keras.models.Model", "keras.Functional", "keras.models.Functional",
    "keras.experimental.", "keras.Function",
)  # fmt: skip
class ModelClass(LayerClass):
    """A model: functional where it was made of KerasTensors, else whatever its `call` does."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Run `Model.__init__(inputs=None, outputs=None, name=None)`."""
        configure(machine, made, arguments)
        inputs = arguments.get(0, "inputs", "input")
        outputs = arguments.get(1, "outputs", "output")
        if inputs is None or outputs is None:
            return
        if graphs.is_symbolic(machine, inputs) and graphs.is_symbolic(machine, outputs):
            set_graph(machine, made, inputs, outputs)
            return
        # Cut out of a model nobody has seen: it may compute anything.
        unseen = machine.unknown("keras.Model", [inputs, outputs], arguments.place)
        machine.state.cells[(made.identity, OPEN)] = unseen

    def is_plain(self, machine: Interpreter, instance: Instance) -> bool:
        """Whether a call is known to give one tensor."""
        outputs = machine.state.cells.get((instance.identity, GRAPH_OUTPUTS))
        return isinstance(instance.cls, External) and isinstance(outputs, Symbolic)

    def base_call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Run the graph on the given inputs."""
        graph = graph_of(machine, instance)
        if graph is None:
            name = machine.library_base(instance.cls) or "keras.Model"
            return anything(machine, instance, name, arguments)
        return run_graph(machine, graph, arguments)

    def known_attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        match name:
            case "layers":
                return layers(machine, instance, at)
            case "input" | "inputs" | "output" | "outputs":
                return self.tensors(machine, instance, name, at)
            case "input_names" | "output_names" | "metrics_names":
                names = Data(machine.node(name, Kind.PYTHON, DType.STRING, at))
                return machine.sequence("list", (), names)
            case _:
                found = training.attribute(machine, instance, name, at)
                return found or super().known_attribute(machine, instance, name, at)

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return an attribute that nobody has set."""
        if name in METHODS or name in training.METHODS:
            return None
        return super().attribute(machine, instance, name, at)

    def tensors(self, machine: Interpreter, instance: Instance, name: str, at: Place) -> Value:
        """Return `model.inputs`, `model.output` and their kin."""
        graph = graph_of(machine, instance)
        if graph is None:
            return machine.unknown(f".{name}", [instance], at)
        value = graph[0] if name.startswith("input") else graph[1]
        if name.endswith("s"):
            return machine.sequence("list", list(graphs.symbolics(machine, value)))
        return value

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run a method that the project does not define."""
        if name in QUIET:
            return NONE
        if name in training.METHODS:
            return training.run(machine, instance, name, arguments)
        match name:
            case "get_layer":
                return self.get_layer(machine, instance, arguments)
            case "add_loss" if graph_of(machine, instance) is not None:
                machine.state.cells[(instance.identity, GRAPH_LOSS)] = Const(True)
                return NONE
            case "build":
                build_parts(machine, instance, arguments.place)
                return NONE
            case "to_json" | "to_yaml" | "get_compile_config":
                return machine.unknown(name, [], arguments.place)
            case _:
                return super().method(machine, instance, name, arguments)

    def get_layer(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Run `get_layer(name=None, index=None)`."""
        found = layers(machine, instance, arguments.place)
        inner = unread_in(machine, instance)
        layer = find_layer(machine, found, arguments)
        if layer is not None:
            return layer
        if inner is not None:
            return inner_layer(machine, inner, arguments.place)
        contents = machine.contents(found)
        options = [*contents.values, *([contents.rest] if contents.rest is not None else [])]
        if not options:
            return machine.unknown("get_layer", [instance], arguments.place)
        return machine.join_all(options)


# ---------------------------------------------------------------------- layers


def build_parts(machine: Interpreter, model: Instance, place: Place) -> None:
    """Run `model.build(shape)`: a model that defines none calls its layers on KerasTensors."""
    mark_built(machine, model)
    if machine.class_attribute(model.cls, "call") is not None:
        start = graphs.new_input(machine, place)
        machine.call(model, Arguments((start,), {}, place, is_open=True))
    else:
        graph_of(machine, model)


def layers(machine: Interpreter, model: Instance, at: Place) -> Box:
    """Return `model.layers`."""
    cells = machine.state.cells
    stack = cells.get((model.identity, STACK))
    if isinstance(stack, Box):
        chain_of(machine, model)
        contents = machine.contents(stack)
        return machine.sequence("list", contents.values, contents.rest)
    inner = unread_in(machine, model)
    if inner is not None:
        known = [v for v in direct_layers(machine, model)[0] if v is not inner]
        return machine.sequence("list", known, inner_layer(machine, inner, at))
    exact, others = direct_layers(machine, model)
    rest: Value | None = None
    if others:
        objects = [o for o in others if isinstance(o, Instance)]
        unsure = [o for o in others if not isinstance(o, Instance)]
        if unsure:
            objects.append(machine.unknown("layer", unsure, at))  # type: ignore[arg-type]
        rest = machine.join_all(list[Value](objects))
    return machine.sequence("list", exact, rest)


# ---------------------------------------------------------------------- sequential


@library_class(*SEQUENTIAL)
class SequentialClass(ModelClass):
    """A `Sequential`: a list of layers, one applied to what the one before gave."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Run `Sequential.__init__(layers=None, name=None)`."""
        configure(machine, made, arguments)
        stack = machine.sequence("list", ())
        machine.state.cells[(made.identity, STACK)] = stack
        machine.state.cells[(made.identity, PARTS)] = stack
        given = arguments.get(0, "layers")
        if given is None or given == NONE:
            return
        known = machine.elements(given)
        machine.spend(given)
        for layer in known.values if known is not None else ():
            add(machine, made, layer, arguments.place)
        rest = machine.unknown("layers", [given], arguments.place) if known is None else known.rest
        if rest is not None:
            machine.fill(stack, Contents(machine.contents(stack).values, None, rest))

    def is_plain(self, machine: Interpreter, instance: Instance) -> bool:
        """Whether a call is known to give one tensor."""
        return False

    def tensors(self, machine: Interpreter, instance: Instance, name: str, at: Place) -> Value:
        """Return `model.inputs` and its kin; `output` is of a call on a KerasTensor, if any."""
        called = graphs.OUTPUTS if name == "output" else graphs.INPUTS
        if not name.endswith("s") and (instance.identity, called) in machine.state.cells:
            return held_tensor(machine, instance, called, at)
        return super().tensors(machine, instance, name, at)

    def base_call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Apply the layers one after the other."""
        stack = machine.state.cells.get((instance.identity, STACK))
        if not isinstance(stack, Box) or (not arguments.positional and not arguments.keywords):
            return anything(machine, instance, "keras.Sequential", arguments)
        value = arguments.get(0, "inputs") or arguments.values[0]
        start = machine.state.cells.get((instance.identity, GRAPH_INPUTS))
        value = fitted(value, kept_shape(machine, start))
        return fold(machine, stack, value, arguments.place)

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run a method that the project does not define."""
        match name:
            case "add" if arguments.positional or "layer" in arguments.keywords:
                layer = arguments.get(0, "layer")
                assert layer is not None
                add(machine, instance, layer, arguments.place)
                return NONE
            case "pop":
                return pop(machine, instance, arguments.place)
            case _:
                return super().method(machine, instance, name, arguments)


def add(machine: Interpreter, model: Instance, layer: Value, place: Place) -> None:
    """Run `model.add(layer)`."""
    cells = machine.state.cells
    if isinstance(layer, Symbolic):
        # for: Sequential([keras.Input((4,)), ...]). An input is no layer of the model.
        cells[(model.identity, GRAPH_INPUTS)] = layer
        return
    stack = cells.get((model.identity, STACK))
    if not isinstance(stack, Box):
        return
    machine.append(stack, layer)
    arguments = config_of(machine, layer) if isinstance(layer, Instance) else None
    states_shape = arguments is not None and not SHAPED.isdisjoint(arguments.keywords)
    # The `input_dim` of an embedding is its number of rows.
    if arguments is not None and states_shape and "Embedding" not in layer_class(layer):
        start = graphs.new_input(machine, place)
        keep_shape(machine, start, of_input(machine, arguments))
        cells.setdefault((model.identity, GRAPH_INPUTS), start)
    if (model.identity, GRAPH_INPUTS) in cells:
        chain_of(machine, model)


def layer_class(layer: Value) -> str:
    cls = layer.cls if isinstance(layer, Instance) else None
    return cls.name if isinstance(cls, External | ClassValue) else ""


def pop(machine: Interpreter, model: Instance, place: Place) -> Value:
    """Run `model.pop()`."""
    stack = machine.state.cells.get((model.identity, STACK))
    if not isinstance(stack, Box):
        return machine.unknown("pop", [model], place)
    machine.state.cells.pop((model.identity, CHAIN), None)
    return machine.call_method(stack, "pop", Arguments((), {}, place))


@library_class("keras.applications.")
class ApplicationClass(ModelClass):
    """`keras.applications.VGG16(...)` and its kin."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Make a pretrained model; `input_tensor=` puts it on top of a graph."""
        configure(machine, made, arguments)
        open_model(machine, made, arguments.place, has_weights=True)
        start = arguments.keywords.get("input_tensor")
        if isinstance(start, Symbolic):
            tensor = inner_tensor(machine, made, start, arguments.place)
            machine.state.cells[(made.identity, GRAPH_INPUTS)] = start
            machine.state.cells[(made.identity, GRAPH_OUTPUTS)] = tensor


@models(
    "keras.models.load_model", "keras.saving.load_model", "keras.models.model_from_json",
    "keras.models.model_from_yaml", "keras.models.model_from_config",
    "keras.experimental.load_from_saved_model", "keras.Model.from_config",
    "keras.models.Model.from_config", "keras.Sequential.from_config",
    "keras.models.Sequential.from_config",
)  # fmt: skip
def load_model(machine: Interpreter, args: Arguments) -> Value:
    """Run `load_model(path)`: a model of which nothing is known."""
    made = Instance(External("keras.Model"))
    configure(machine, made, Arguments((), {}, args.place))
    return open_model(machine, made, args.place, has_weights=False)


@models("keras.models.clone_model", "keras.models.clone_and_build_model")
def clone_model(machine: Interpreter, args: Arguments) -> Value:
    """Run `clone_model(model)`: the same graph of new layers with variables of their own."""
    model = args.get(0, "model")
    if not isinstance(model, Instance):
        return load_model(machine, args)
    return clone(machine, model, args.place)
