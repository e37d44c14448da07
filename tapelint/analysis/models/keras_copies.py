"""Copies of models: the same graph of new layers, with variables of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.ir import Place
from tapelint.analysis.models import keras_graphs as graphs
from tapelint.analysis.models.keras_config import config_of, configure
from tapelint.analysis.models.keras_functional import (
    GRAPH_INPUTS,
    GRAPH_OUTPUTS,
    STACK,
    chain_of,
    set_graph,
)
from tapelint.analysis.models.keras_leaves import copy_of
from tapelint.analysis.models.keras_tracking import PARTS
from tapelint.analysis.values import Arguments, Box, External, Instance, Native, Symbolic, Value

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter


def clone(machine: Interpreter, model: Instance, place: Place) -> Value:
    """Run `clone_model(model)`."""
    cells = machine.state.cells
    if (model.identity, STACK) in cells:
        return clone_stack(machine, model, place)
    outputs = cells.get((model.identity, GRAPH_OUTPUTS))
    symbols = list(graphs.symbolics(machine, outputs)) if outputs is not None else []
    if not symbols or any(
        graphs.is_inner(s) for s in graphs.reachable(machine, symbols, frozenset())
    ):
        return copy_of(machine, model, place)
    return Cloning(machine, place).model(model)


def clone_stack(machine: Interpreter, model: Instance, place: Place) -> Instance:
    made = Instance(External("keras.Sequential"))
    configure(machine, made, config_of(machine, model) or Arguments((), {}, place))
    stack = machine.state.cells[(model.identity, STACK)]
    assert isinstance(stack, Box)
    contents = machine.contents(stack)
    layers = [copy_layers(machine, layer, place) for layer in contents.values]
    rest = None if contents.rest is None else copy_layers(machine, contents.rest, place)
    copied = machine.sequence("list", layers, rest)
    cells = machine.state.cells
    cells[(made.identity, STACK)] = copied
    cells[(made.identity, PARTS)] = copied
    if (model.identity, GRAPH_INPUTS) in cells:
        like = cells[(model.identity, GRAPH_INPUTS)]
        cells[(made.identity, GRAPH_INPUTS)] = graphs.new_input(machine, place, like)
        chain_of(machine, made)
    return made


def copy_layers(machine: Interpreter, layer: Value, place: Place) -> Value:
    """Copy one layer, or a model that is used as one."""
    if isinstance(layer, Instance):
        cells = machine.state.cells
        if (layer.identity, STACK) in cells or (layer.identity, GRAPH_OUTPUTS) in cells:
            return clone(machine, layer, place)
    return copy_of(machine, layer, place)


class Cloning:
    """One copy of a functional model: layers and tensors that are shared stay shared."""

    def __init__(self, machine: Interpreter, place: Place) -> None:
        self.machine = machine
        self.place = place
        self.layers: dict[int, Value] = {}
        self.tensors: dict[int, Value] = {}

    def model(self, model: Instance) -> Instance:
        """Copy the graph of a model."""
        machine = self.machine
        inputs = machine.state.cells[(model.identity, GRAPH_INPUTS)]
        outputs = machine.state.cells[(model.identity, GRAPH_OUTPUTS)]
        for symbolic in graphs.symbolics(machine, inputs):
            self.tensors[symbolic.identity] = graphs.new_input(machine, self.place, symbolic)
        for symbolic in graphs.reachable(
            machine, graphs.symbolics(machine, outputs), frozenset(self.tensors)
        ):
            if symbolic.identity not in self.tensors:
                self.tensors[symbolic.identity] = self.copied(symbolic)
        made = Instance(External("keras.Model"))
        configure(machine, made, config_of(machine, model) or Arguments((), {}, self.place))
        set_graph(machine, made, self.resolved(inputs), self.resolved(outputs))
        return made

    def resolved(self, value: Value) -> Value:
        return graphs.mapped(
            self.machine,
            value,
            lambda s: self.tensors.get(s.identity) or graphs.new_input(self.machine, self.place),
        )

    def copied(self, symbolic: Symbolic) -> Value:
        machine = self.machine
        inputs = tuple(self.resolved(v) for v in symbolic.inputs)
        if symbolic.layer is None:
            if not inputs:
                return graphs.new_input(machine, self.place)
            return machine.item(inputs[0], inputs[1], symbolic.place)
        layer = graphs.layer_of(machine, symbolic)
        if layer is None:
            return Symbolic(symbolic.layer, inputs, symbolic.place)
        if layer.identity not in self.layers:
            self.layers[layer.identity] = copy_layers(machine, layer, self.place)
        return self.applied(symbolic, self.layers[layer.identity], inputs)

    def applied(self, symbolic: Symbolic, layer: Value, inputs: tuple[Value, ...]) -> Value:
        """Call the copied layer as the original was, keywords included."""
        native = symbolic.layer
        if not isinstance(native, Native) or native.arguments is None:
            return self.machine.call(layer, Arguments(inputs, {}, symbolic.place))
        names = tuple(native.arguments.keywords)
        count = len(inputs) - len(names)
        keywords = dict(zip(names, inputs[count:], strict=True))
        return self.machine.call(layer, Arguments(inputs[:count], keywords, symbolic.place))
