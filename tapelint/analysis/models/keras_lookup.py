"""Finding a layer of a model by its name or position, and what is known of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.models.keras_config import layer_name
from tapelint.analysis.models.keras_graphs import OUTPUTS
from tapelint.analysis.values import (
    Arguments,
    Box,
    Const,
    Data,
    Instance,
    Symbolic,
    Tuple,
    Union,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter


def find_layer(machine: Interpreter, layers: Box, args: Arguments) -> Value | None:
    """Return the layer that `get_layer(name, index)` names, None where that is not certain."""
    name, index = args.get(0, "name"), args.get(1, "index")
    contents = machine.contents(layers)
    if isinstance(name, Const) and isinstance(name.value, str):
        for layer in contents.values:
            if isinstance(layer, Instance) and layer_name(machine, layer) == name.value:
                return layer
        return None
    if isinstance(index, Const) and isinstance(index.value, int):
        return machine.peek_item(layers, index)
    return None


def is_symbol(machine: Interpreter, value: Value) -> bool:
    """Whether a value is a KerasTensor, whichever of the layers of a model it is of."""
    match value:
        case Symbolic():
            return True
        case Union():
            return all(is_symbol(machine, option) for option in value.options)
        case Tuple() | Box():
            known = machine.elements(value)
            return known is not None and any(is_symbol(machine, v) for v in known.values)
        case Data() if value.node.op == ".output" and len(value.node.edges) == 1:
            # for: model.get_layer(name).output
            (edge,) = value.node.edges
            if edge.parent not in machine.only_objects:
                return False
            held = [
                machine.state.cells.get((layer.identity, OUTPUTS))
                for layer in machine.objects_behind(edge.parent)
            ]
            return bool(held) and all(
                isinstance(h, Tuple) and isinstance(h.elements[0], Symbolic) for h in held
            )
        case _:
            return False
