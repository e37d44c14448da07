"""What a Keras layer was made with: its arguments, its name, its new variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.ir import Place
from tapelint.analysis.models.keras_calls import MASKS
from tapelint.analysis.models.keras_tracking import CONFIG, MARKER
from tapelint.analysis.models.keras_weights import class_word
from tapelint.analysis.values import (
    NONE,
    Arguments,
    ClassValue,
    Const,
    Data,
    External,
    Instance,
    Native,
    Value,
    VariableValue,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

# Positional parameters that a layer keeps as attributes.
POSITIONS = {
    "Dense": ("units", "activation"),
    "Embedding": ("input_dim", "output_dim"),
    "Dropout": ("rate",),
    "LSTM": ("units",),
    "GRU": ("units",),
    "SimpleRNN": ("units",),
    "Activation": ("activation",),
    "RNN": ("cell",),
    "StackedRNNCells": ("cells",),
    "TimeDistributed": ("layer",),
    "Bidirectional": ("layer",),
    "SpectralNormalization": ("layer",),
    "Lambda": ("function",),
}


def configure(machine: Interpreter, made: Instance, arguments: Arguments) -> None:
    """Keep what a layer was made with."""
    cells = machine.state.cells
    held = Native("config", lambda inner, given: NONE, arguments.values, arguments)
    cells[(made.identity, CONFIG)] = held
    marker = machine.node("layer", Kind.PYTHON, DType.UNKNOWN, arguments.place)
    cells[(made.identity, MARKER)] = Data(marker)
    name = arguments.keywords.get("name")
    if isinstance(name, Const) and isinstance(name.value, str):
        cells[(made.identity, "<name>")] = name
    trainable = arguments.keywords.get("trainable")
    if trainable is not None:
        cells[(made.identity, "trainable")] = trainable
    masks = arguments.keywords.get("mask_zero")
    is_masking = machine.library_base(made.cls) == "keras.layers.Masking"
    if is_masking or (masks is not None and masks != Const(False)):
        cells[MASKS] = Const(True)


def config_of(machine: Interpreter, instance: Instance) -> Arguments | None:
    """Return the arguments a layer was made with."""
    held = machine.state.cells.get((instance.identity, CONFIG))
    return held.arguments if isinstance(held, Native) else None


def configured_value(machine: Interpreter, instance: Instance, name: str) -> Value | None:
    """Return a constructor argument that the layer keeps under its name."""
    arguments = config_of(machine, instance)
    if arguments is None:
        return None
    value = arguments.keywords.get(name)
    if value is None:
        word = class_word(machine.library_base(instance.cls) or "")
        names = POSITIONS.get(word, ())
        if name in names:
            value = arguments.get(names.index(name), name)
    if name == "activation":
        if isinstance(value, Const) and isinstance(value.value, str):
            return External(f"keras.activations.{value.value}")
        if value is None or value == NONE:
            return External("keras.activations.linear")
    return value


def layer_name(machine: Interpreter, instance: Instance) -> str:
    """Return the name of a layer: the one it was given, or Keras's numbered one."""
    cells = machine.state.cells
    for cell in ("<name>", "name"):
        given = cells.get((instance.identity, cell))
        if isinstance(given, Const) and isinstance(given.value, str):
            return given.value
    cls = instance.cls
    word = cls.name if isinstance(cls, ClassValue) else class_word(getattr(cls, "name", "layer"))
    snake = snake_case(word)
    key = ("keras", "count", snake)
    count = cells.get(key)
    number = count.value if isinstance(count, Const) else 0
    cells[key] = Const(number + 1)
    name = snake if number == 0 else f"{snake}_{number}"
    cells[(instance.identity, "<name>")] = Const(name)
    return name


def snake_case(word: str) -> str:
    """Spell a class name as Keras does in layer names: `Conv2D` is `conv2d`."""
    word = re.sub(r"\W+", "", word)
    word = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", word)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", word).lower()


def new_weight(
    machine: Interpreter, label: str, place: Place, trainable: bool | None, is_many: bool = False
) -> VariableValue:
    """Make one variable of a layer."""
    return machine.variable(
        place, library="keras", dtype=DType.FLOAT, trainable=trainable, label=label, is_many=is_many
    )


def start_at(
    machine: Interpreter, variable: VariableValue, initializer: Value | None, place: Place
) -> None:
    """Note what a weight starts with, where its initializer is written out and makes constants."""
    match initializer:
        case Const(value="zeros" | "ones" as word):
            pass
        case Instance(cls=External(name=name)) if class_word(name) in ("Zeros", "Ones"):
            word = class_word(name).lower()
        case _:
            return
    start = machine.node(f"tf.{word}", Kind.TENSOR, DType.FLOAT, place)
    # Of what shape is not known: that depends on the layer's input.
    start.operands = (("shape", NONE),)
    variable.node.operands = (("initial", Data(start)),)
