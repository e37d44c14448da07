"""The static shapes that built-in Keras layers give, as far as their arguments tell (Keras 3.15).

A layer never sees the shape of what it is called on in full: the batch is often open, and where
nothing is known of the input a `Dense(1)` still gives a column.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tapelint.analysis import shapes
from tapelint.analysis.models.keras_config import config_of, configured_value
from tapelint.analysis.models.keras_inputs import elements, number
from tapelint.analysis.models.keras_weights import class_word
from tapelint.analysis.models.operations import shape_of
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

# What they give has the shape of what they are given.
SAME = frozenset(
    "Activation ReLU LeakyReLU ELU PReLU Softmax Dropout SpatialDropout1D SpatialDropout2D "
    "GaussianNoise GaussianDropout AlphaDropout BatchNormalization LayerNormalization "
    "GroupNormalization RMSNormalization UnitNormalization Rescaling Normalization Identity "
    "ActivityRegularization Masking".split()
)
MERGERS = frozenset("Add Subtract Multiply Average Maximum Minimum".split())
RECURRENT = frozenset("LSTM GRU SimpleRNN".split())
CONVOLUTIONS = frozenset(
    "Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose SeparableConv1D "
    "SeparableConv2D".split()
)
# Layers that give rows, or rows of rows, of as many numbers as they have units.
SIZED = RECURRENT | {"Dense"}


def shaped(
    machine: Interpreter, layer: Instance, word: str, args: Arguments, result: Value
) -> Value:
    """Return the result of a layer with its shape, where that is known."""
    if not isinstance(result, Data) or result.shape is not None:
        return result
    given = args.get(0, "inputs", "x", "input")
    if given is None:
        return result
    shape = of_layer(machine, layer, word, given)
    is_column = word in SAME and shapes.is_column(given)
    if word in SIZED:
        is_column = whole(machine, layer, "units") == 1
    return replace(result, shape=shape, is_column=is_column)


def of_layer(machine: Interpreter, layer: Instance, word: str, given: Value) -> shapes.Shape:
    """Return the shape of what a layer gives for an input."""
    if word in MERGERS or word == "Concatenate":
        parts = machine.elements(given) if isinstance(given, Tuple | Box) else None
        values = parts.values if parts is not None and parts.rest is None else ()
        return merged(machine, layer, word, [shapes.shape_of(v) for v in values])
    known = shape_of(machine, given)
    batch = known[0] if known else None
    if word in RECURRENT:
        return recurrent(machine, layer, known)
    if word.startswith("Global") and word.endswith(("Pooling1D", "Pooling2D", "Pooling3D")):
        is_plain = configured_value(machine, layer, "keepdims") is None
        return (batch, last(machine, layer, known)) if is_plain else None
    match word:
        case "Flatten":
            return (batch, shapes.size(known[1:]) if known and len(known) > 1 else None)
        case "Reshape":
            wanted = argument(machine, layer, "target_shape")
            shape = None if wanted is None else shapes.written(wanted, elements(machine))
            return None if shape is None else (batch, *shape)
        case _ if word in CONVOLUTIONS:
            axes = 1 + int(word.removesuffix("Transpose")[-2])
            if argument(machine, layer, "data_format") is not None:
                return (None,) * (axes + 1)
            return (batch, *(None,) * (axes - 1), number(argument(machine, layer, "filters")))
        case _ if known is None:
            return None
        case "Dense" if len(known) > 1:
            return (*known[:-1], whole(machine, layer, "units"))
        case "Embedding":
            return (*known, whole(machine, layer, "output_dim"))
        case _:
            return known if word in SAME else None


def recurrent(machine: Interpreter, layer: Instance, known: shapes.Shape) -> shapes.Shape:
    """Return the shape of an LSTM's output: a row a sequence, or a row a step."""
    units = whole(machine, layer, "units")
    batch, steps = known[:2] if known and len(known) == 3 else (None, None)
    flag = configured_value(machine, layer, "return_sequences")
    if flag is None or flag == Const(False):
        return (batch, units)
    return (batch, steps, units) if flag == Const(True) else None


def merged(
    machine: Interpreter, layer: Instance, word: str, parts: list[shapes.Shape]
) -> shapes.Shape:
    """Return the shape of inputs that are merged."""
    if not parts or any(p is None for p in parts):
        return None
    if word != "Concatenate":
        shape = parts[0]
        for part in parts[1:]:
            shape = shapes.broadcast(shape, part)
        return shape
    axis = argument(machine, layer, "axis")
    known = [p for p in parts if p]
    ranks = {len(p) for p in known}
    if axis not in (None, Const(-1)) or len(ranks) != 1:
        return None
    lengths = [p[-1] for p in known]
    total = None if None in lengths else sum(n for n in lengths if n is not None)
    return (*known[0][:-1], total)


def last(machine: Interpreter, layer: Instance, known: shapes.Shape) -> int | None:
    """Return the number of channels, which stand last by default."""
    is_default = argument(machine, layer, "data_format") is None
    return known[-1] if known and is_default else None


def argument(machine: Interpreter, layer: Instance, name: str) -> Value | None:
    """Return a constructor argument by name; the first one of any layer counts as such."""
    arguments = config_of(machine, layer)
    if arguments is None:
        return None
    word = class_word(machine.library_base(layer.cls) or "")
    is_first = name in ("filters", "target_shape") or (name == "axis" and word == "Concatenate")
    return arguments.get(0 if is_first else None, name)


def whole(machine: Interpreter, layer: Instance, name: str) -> int | None:
    """Return a number that the layer was made with."""
    return number(configured_value(machine, layer, name))
