"""Finding a layer of a model by its name or position."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.models.keras_config import layer_name
from tapelint.analysis.values import Arguments, Box, Const, Instance, Value

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
