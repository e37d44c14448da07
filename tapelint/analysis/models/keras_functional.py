"""The graph of a model: inputs and outputs, how a call feeds it, the chain of a `Sequential`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tapelint.analysis.ir import Place
from tapelint.analysis.models import keras_graphs as graphs
from tapelint.analysis.models.keras_config import config_of
from tapelint.analysis.models.keras_inputs import fitted, kept_shape
from tapelint.analysis.models.keras_tracking import PARTS
from tapelint.analysis.values import (
    Arguments,
    Box,
    ClassValue,
    Const,
    Instance,
    Symbolic,
    Tuple,
    Value,
    options_of,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

GRAPH_INPUTS = "<graph inputs>"
GRAPH_OUTPUTS = "<graph outputs>"
# The layers of a `Sequential`, and the KerasTensors they give in a row.
STACK = "<stack>"
CHAIN = "<chain>"

Graph = tuple[Value, Value]


def set_graph(machine: Interpreter, made: Instance, inputs: Value, outputs: Value) -> None:
    """Make a model functional."""
    cells = machine.state.cells
    cells[(made.identity, GRAPH_INPUTS)] = inputs
    cells[(made.identity, GRAPH_OUTPUTS)] = outputs
    found = graphs.layers_between(
        machine,
        list(graphs.symbolics(machine, inputs)),
        list(graphs.symbolics(machine, outputs)),
    )
    cells[(made.identity, PARTS)] = Tuple(tuple(found))


def graph_of(machine: Interpreter, model: Instance) -> Graph | None:
    """Return the inputs and outputs of a model; None where it has no graph."""
    cells = machine.state.cells
    outputs = cells.get((model.identity, GRAPH_OUTPUTS))
    if outputs is not None:
        return cells[(model.identity, GRAPH_INPUTS)], outputs
    if (model.identity, STACK) in cells:
        return chain_of(machine, model)
    return None


def run_graph(machine: Interpreter, graph: Graph, arguments: Arguments) -> Value:
    """Compute a graph's outputs from the arguments of a call."""
    inputs, outputs = graph
    given = arguments.get(0, "inputs", "x", "input")
    if given is None:
        given = machine.unknown("inputs", arguments.values, arguments.place)
    fed: dict[int, Value] = {}
    feed(machine, inputs, given, fed, arguments.place)
    return graphs.Replay(machine, fed, arguments.place).run(outputs)


def feed(
    machine: Interpreter, inputs: Value, given: Value, fed: dict[int, Value], place: Place
) -> None:
    """Pair the inputs of a graph with what a call gave, structure by structure."""
    if isinstance(inputs, Symbolic):
        known = machine.elements(given) if isinstance(given, Tuple | Box) else None
        if known is not None and known.rest is None and len(known.values) == 1:
            given = known.values[0]
        fed[inputs.identity] = fitted(given, kept_shape(machine, inputs))
        return
    wanted = machine.contents(inputs) if isinstance(inputs, Box) else None
    if wanted is not None and wanted.keys is not None:
        for key, symbolic in zip(wanted.keys, wanted.values, strict=True):
            feed(machine, symbolic, machine.item(given, Const(key), place), fed, place)
        return
    parts = (
        list(inputs.elements)
        if isinstance(inputs, Tuple)
        else list(wanted.values if wanted else ())
    )
    if len(parts) == 1 and not isinstance(given, Tuple | Box):
        feed(machine, parts[0], given, fed, place)
        return
    if isinstance(given, Box) and machine.contents(given).keys is not None:
        values = fed_by_name(machine, parts, given, place)
    else:
        values = list(machine.unpacked(given, len(parts), place))
    for part, value in zip(parts, values, strict=True):
        feed(machine, part, value, fed, place)


def fed_by_name(
    machine: Interpreter, parts: Sequence[Value], given: Box, place: Place
) -> list[Value]:
    """Return what a dict feeds each of a list of inputs, by the inputs' names."""
    found = []
    for part in parts:
        layer = graphs.layer_of(machine, part) if isinstance(part, Symbolic) else None
        name = None if layer is None else machine.state.cells.get((layer.identity, "name"))
        if isinstance(name, Const):
            found.append(machine.item(given, name, place))
        else:
            found.append(
                machine.any_element(
                    machine.call_method(given, "values", Arguments((), {}, place)), place
                )
            )
    return found


# ---------------------------------------------------------------------- chains


def model_place(machine: Interpreter, model: Instance) -> Place:
    cls = model.cls
    if isinstance(cls, ClassValue):
        return cls.place
    made_with = config_of(machine, model)
    assert made_with is not None
    return made_with.place


def fold(machine: Interpreter, stack: Box, value: Value, place: Place) -> Value:
    """Apply the layers of a stack; those that cannot be told apart once each."""
    contents = machine.contents(stack)
    for layer in contents.values:
        value = machine.call(layer, Arguments((value,), {}, place))
    rest = contents.rest
    for layer in () if rest is None else options_of(rest):
        value = machine.call(layer, Arguments((value,), {}, place))
    return value


def chain_of(machine: Interpreter, model: Instance) -> Graph | None:
    """Return a `Sequential` as a graph; its KerasTensors are made once and kept."""
    cells = machine.state.cells
    stack = cells.get((model.identity, STACK))
    if not isinstance(stack, Box):
        return None
    start = cells.get((model.identity, GRAPH_INPUTS))
    if not isinstance(start, Symbolic):
        start = graphs.new_input(machine, model_place(machine, model))
        cells[(model.identity, GRAPH_INPUTS)] = start
    contents = machine.contents(stack)
    held = cells.get((model.identity, CHAIN))
    done = list(held.elements) if isinstance(held, Tuple) else []
    layers_now = contents.values
    if contents.rest is not None:
        layers_now = (*layers_now, contents.rest)
    for layer in layers_now[len(done) :]:
        before = done[-1] if done else start
        place = before.place if isinstance(before, Symbolic) else model_place(machine, model)
        done.append(machine.call(layer, Arguments((before,), {}, place)))
    machine.state.cells[(model.identity, CHAIN)] = Tuple(tuple(done))
    return start, (done[-1] if done else start)
