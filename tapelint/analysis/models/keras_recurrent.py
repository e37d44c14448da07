"""Recurrent layers and cells, and the wrappers around layers: their outputs and states.

Facts of Keras 3.15: with `return_state` a layer gives `(output, *states)`, two states for an LSTM;
a cell gives its output and a list of states.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.ir import Place
from tapelint.analysis.models.keras_config import configured_value
from tapelint.analysis.models.keras_tracking import PARTS, collection, mark_built, own_variables
from tapelint.analysis.models.keras_weights import class_word
from tapelint.analysis.values import (
    Arguments,
    Box,
    Const,
    Data,
    Instance,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

Runner = Callable[["Interpreter", Instance, str, Arguments], Value]
TWO_STATES = frozenset({"LSTM", "LSTMCell", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "CuDNNLSTM"})


def inputs_of(machine: Interpreter, layer: Instance, args: Arguments) -> list[tuple[str, Value]]:
    inputs: list[tuple[str, Value]] = [("inputs", v) for v in args.positional]
    inputs += [(k, v) for k, v in args.keywords.items() if k not in ("training", "mask")]
    return inputs + [("weights", v) for v in own_variables(machine, layer)]


def is_set(machine: Interpreter, layer: Instance, flag: str) -> bool | None:
    """Whether a flag of the constructor is on, None where that is not known."""
    value = configured_value(machine, layer, flag)
    if value is None:
        return False
    return bool(value.value) if isinstance(value, Const) else None


def layer_run(machine: Interpreter, layer: Instance, name: str, args: Arguments) -> Value:
    """Run an `LSTM`, a `GRU` and their kin."""
    inputs = inputs_of(machine, layer, args)
    output = machine.record(name, inputs, args.place, dtype=DType.FLOAT)
    if is_set(machine, layer, "return_state") is not True:
        return output
    count = 2 if class_word(name) in TWO_STATES else 1
    states = tuple(
        machine.record(f"{name} state", inputs, args.place, dtype=DType.FLOAT) for _ in range(count)
    )
    return Tuple((output, *states))


def cell_run(machine: Interpreter, layer: Instance, name: str, args: Arguments) -> Value:
    """Run a cell on one step: the output and the new states."""
    inputs = inputs_of(machine, layer, args)
    output = machine.record(name, inputs, args.place, dtype=DType.FLOAT)
    if class_word(name) in TWO_STATES:
        carry = machine.record(f"{name} state", inputs, args.place, dtype=DType.FLOAT)
        return Tuple((output, machine.sequence("list", [output, carry])))
    states = args.get(1, "states")
    if isinstance(states, Tuple | Box):
        return Tuple((output, machine.sequence("list", [output])))
    return Tuple((output, output))


def part_of(machine: Interpreter, layer: Instance) -> Value | None:
    parts = machine.state.cells.get((layer.identity, PARTS))
    return parts.elements[0] if isinstance(parts, Tuple) and parts.elements else None


def state_count(machine: Interpreter, cell: Value) -> int:
    """Return how many states a cell carries."""
    if not isinstance(cell, Instance):
        return 1
    if class_word(machine.library_base(cell.cls) or "") in TWO_STATES:
        return 2
    size = machine.peek(cell, "state_size")
    known = machine.elements(size) if isinstance(size, Tuple | Box) else None
    return len(known.values) if known is not None and known.values else 1


def rnn_run(machine: Interpreter, layer: Instance, name: str, args: Arguments) -> Value:
    """Run `RNN(cell)`: two steps of the cell stand for all."""
    cell = part_of(machine, layer)
    if cell is None or not args.positional:
        return unclear(machine, layer, name, args)
    given = args.get(1, "initial_state")
    states: Value = given if isinstance(given, Tuple | Box) else zeros(machine, cell, args.place)
    outputs: list[Value] = []
    for _ in range(2):
        step = machine.any_element(args.positional[0], args.place)
        machine.graph_loops.add(args.place)
        result = machine.call(cell, Arguments((step, states), {}, args.place))
        known = machine.elements(result) if isinstance(result, Tuple | Box) else None
        if known is None or len(known.values) != 2:
            return unclear(machine, layer, name, args)
        outputs.append(known.values[0])
        states = known.values[1]
        if not isinstance(states, Tuple | Box):
            states = machine.sequence("list", [states])
    inputs = [("outputs", v) for v in outputs]
    if not isinstance(given, Tuple | Box) and given is not None:
        inputs.append(("initial_state", given))
    output = machine.record(name, inputs, args.place, dtype=DType.FLOAT)
    if is_set(machine, layer, "return_state") is not True:
        return output
    final = machine.elements(states)
    return Tuple((output, *(final.values if final is not None else ())))


def zeros(machine: Interpreter, cell: Value, place: Place) -> Value:
    count = state_count(machine, cell)
    made = [Data(machine.node("state", Kind.TENSOR, DType.FLOAT, place)) for _ in range(count)]
    return machine.sequence("list", made)


def unclear(machine: Interpreter, layer: Instance, name: str, args: Arguments) -> Value:
    """Make a result that may depend on everything below the layer."""
    for part in parts_below(machine, layer):
        mark_built(machine, part)
    variables = collection(machine, layer, "variables", args.place)
    inputs = [*inputs_of(machine, layer, args), ("weights", variables)]
    return machine.record(name, inputs, args.place, dtype=DType.FLOAT)


def parts_below(machine: Interpreter, layer: Instance) -> list[Instance]:
    parts = machine.state.cells.get((layer.identity, PARTS))
    elements = parts.elements if isinstance(parts, Tuple) else ()
    return [p for p in elements if isinstance(p, Instance)]


def stacked_run(machine: Interpreter, layer: Instance, name: str, args: Arguments) -> Value:
    """Run `StackedRNNCells` on one step."""
    output = unclear(machine, layer, name, args)
    states = args.get(1, "states")
    known = machine.elements(states) if isinstance(states, Tuple | Box) else None
    if known is None:
        return Tuple((output, output))
    return Tuple((output, machine.sequence("list", [output] * len(known.values))))


def time_distributed(machine: Interpreter, layer: Instance, name: str, args: Arguments) -> Value:
    """Run `TimeDistributed(layer)`: the layer at every step."""
    inner = part_of(machine, layer)
    if inner is None:
        return unclear(machine, layer, name, args)
    machine.graph_loops.add(args.place)
    return machine.call(inner, Arguments(args.positional, args.keywords, args.place, args.is_open))


def bidirectional(machine: Interpreter, layer: Instance, name: str, args: Arguments) -> Value:
    """Run `Bidirectional(layer)`: both layers, their outputs merged, their states in a row."""
    parts = machine.state.cells.get((layer.identity, PARTS))
    if not isinstance(parts, Tuple) or len(parts.elements) != 2:
        return unclear(machine, layer, name, args)
    results = [machine.call(part, args) for part in parts.elements]
    outputs: list[Value] = []
    states: list[Value] = []
    for result in results:
        known = machine.elements(result) if isinstance(result, Tuple | Box) else None
        if known is not None and known.values:
            outputs.append(known.values[0])
            states.extend(known.values[1:])
        else:
            outputs.append(result)
    if configured_value(machine, layer, "merge_mode") == Const(None):
        return Tuple((*outputs, *states))
    inputs = [("outputs", v) for v in outputs]
    merged = machine.record(name, inputs, args.place, dtype=DType.FLOAT)
    return Tuple((merged, *states)) if states else merged


RUNNERS: dict[str, Runner] = {
    **dict.fromkeys(
        ("LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "CuDNNLSTM",
         "CuDNNGRU"),
        layer_run,
    ),
    **dict.fromkeys(("LSTMCell", "GRUCell", "SimpleRNNCell"), cell_run),
    "RNN": rnn_run,
    "StackedRNNCells": stacked_run,
    "TimeDistributed": time_distributed,
    "Bidirectional": bidirectional,
}  # fmt: skip
