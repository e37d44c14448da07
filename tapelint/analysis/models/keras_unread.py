"""Models whose graph nobody has seen: pretrained ones, and those loaded from a file.

Any tensor inside such a model may lead to any other one, in the same call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.ir import Place
from tapelint.analysis.models import keras_graphs as graphs
from tapelint.analysis.models.keras_config import layer_name, new_weight
from tapelint.analysis.models.keras_functional import GRAPH_INPUTS, GRAPH_OUTPUTS
from tapelint.analysis.models.keras_leaves import anything, everything
from tapelint.analysis.models.keras_tracking import OPEN, add_own, mark_built
from tapelint.analysis.values import (
    Arguments,
    Const,
    Data,
    External,
    Instance,
    Native,
    Symbolic,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

UNREAD = "<unread graph>"


def open_model(machine: Interpreter, made: Instance, place: Place, has_weights: bool) -> Instance:
    """Make a model whose layers nobody has seen: pretrained, or loaded from a file."""
    cells = machine.state.cells
    label = layer_name(machine, made)
    if has_weights:
        weights = new_weight(machine, f"{label} weights", place, True, is_many=True)
        add_own(machine, made, weights, "")
    else:
        cells[(made.identity, OPEN)] = machine.unknown(f"{label} weights", [], place)
    mark_built(machine, made)
    cells[(made.identity, UNREAD)] = Const(True)
    start = graphs.new_input(machine, place)
    cells[(made.identity, GRAPH_INPUTS)] = start
    # What a file holds may well give several outputs, which are related.
    one = everything if has_weights else anything
    cells[(made.identity, GRAPH_OUTPUTS)] = inner_tensor(machine, made, start, place, one)
    return made


def inner_tensor(
    machine: Interpreter,
    model: Instance,
    start: Symbolic,
    place: Place,
    make: Callable[[Interpreter, Instance, str, Arguments], Data] = everything,
) -> Symbolic:
    """Return a KerasTensor somewhere inside a model of unknown graph."""
    name = layer_name(machine, model)

    def compute(inner: Interpreter, given: Arguments) -> Value:
        return make(inner, model, name, given)

    return Symbolic(Native(graphs.INNER, compute, (model,)), (start,), place)


def unread_in(machine: Interpreter, model: Instance) -> Instance | None:
    """Return the model of unknown graph that a model is, or was cut out of."""
    if (model.identity, UNREAD) in machine.state.cells:
        return model
    outputs = machine.state.cells.get((model.identity, GRAPH_OUTPUTS))
    if outputs is None:
        return None
    inputs = machine.state.cells[(model.identity, GRAPH_INPUTS)]
    stops = frozenset(s.identity for s in graphs.symbolics(machine, inputs))
    for symbolic in graphs.reachable(machine, graphs.symbolics(machine, outputs), stops):
        if graphs.is_inner(symbolic):
            return graphs.layer_of(machine, symbolic)
    return None


def inner_layer(machine: Interpreter, model: Instance, place: Place) -> Instance:
    """Return some layer of a model of unknown graph."""
    made = Instance(External("keras.layers.Layer"))
    cells = machine.state.cells
    start = cells[(model.identity, GRAPH_INPUTS)]
    assert isinstance(start, Symbolic)
    tensor = inner_tensor(machine, model, start, place)
    cells[(made.identity, graphs.OUTPUTS)] = Tuple((tensor,))
    cells[(made.identity, graphs.INPUTS)] = Tuple((inner_tensor(machine, model, start, place),))
    cells[(made.identity, OPEN)] = machine.unknown("weights", [model], place)
    cells[(made.identity, "name")] = Data(machine.node("name", Kind.PYTHON, DType.STRING, place))
    mark_built(machine, made)
    return made
