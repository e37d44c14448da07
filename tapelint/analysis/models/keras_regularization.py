"""The losses that layers hold: regularised weights, regularised activity, `add_loss`.

Fact of Keras 3.15: `losses` computes the penalty of a weight anew at each access.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType
from tapelint.analysis.ir import Place
from tapelint.analysis.models.keras_calls import add_loss
from tapelint.analysis.models.keras_config import config_of
from tapelint.analysis.models.keras_tracking import (
    EXACT,
    LOSSES,
    named_variable,
    trainable_flag,
    walk,
)
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    Const,
    Instance,
    Tuple,
    Value,
    VariableValue,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

REGULARIZED = "<regularized>"
SUFFIX = "_regularizer"
ACTIVITY = "activity_regularizer"


def regularize(
    machine: Interpreter, layer: Instance, variable: VariableValue, regularizer: Value
) -> None:
    """Note that `layer.losses` holds a penalty on a variable."""
    key = (layer.identity, REGULARIZED)
    held = machine.state.cells.get(key)
    old = held.elements if isinstance(held, Tuple) else ()
    machine.state.cells[key] = Tuple((*old, Tuple((variable, regularizer))))


def regularize_activity(machine: Interpreter, layer: Instance, result: Value, place: Place) -> None:
    """Add the penalty that a layer's `activity_regularizer` puts on what it gave."""
    arguments = config_of(machine, layer)
    regularizer = None if arguments is None else arguments.keywords.get(ACTIVITY)
    if regularizer is not None and regularizer != NONE:
        add_loss(machine, layer, penalty(machine, regularizer, result, place))


def penalty(machine: Interpreter, regularizer: Value, value: Value, place: Place) -> Value:
    if isinstance(regularizer, Const):
        name = f"keras.regularizers.{regularizer.value}"
        return machine.record(name, [("x", value)], place, dtype=DType.FLOAT)
    return machine.call(regularizer, Arguments((value,), {}, place))


def losses(machine: Interpreter, root: Instance, at: Place) -> Box:
    """Return `layer.losses`, those of everything the layer tracks included."""
    known: list[Value] = []
    unsure: list[Value] = []
    for visit in walk(machine, root):
        found = list(own_losses(machine, visit.instance, at))
        (known if visit.certainty == EXACT else unsure).extend(found)
        unsure.extend(visit.unsure)
    rest = machine.unknown("losses", unsure, at) if unsure else None
    return machine.sequence("list", known, rest)


def own_losses(machine: Interpreter, layer: Instance, at: Place) -> list[Value]:
    found: list[Value] = []
    held = machine.state.cells.get((layer.identity, LOSSES))
    if held is not None:
        found.extend(held.elements if isinstance(held, Tuple) else [held])
    if trainable_flag(machine, layer) is False:
        return found
    pairs = machine.state.cells.get((layer.identity, REGULARIZED))
    found += [
        penalty(machine, pair.elements[1], pair.elements[0], at)
        for pair in (pairs.elements if isinstance(pairs, Tuple) else ())
        if isinstance(pair, Tuple)
    ]
    arguments = config_of(machine, layer)
    for key, value in () if arguments is None else arguments.keywords.items():
        if key.endswith(SUFFIX) and key != ACTIVITY and value != NONE:
            variable = named_variable(machine, layer, key.removesuffix(SUFFIX))
            if variable is not None:
                found.append(penalty(machine, value, variable, at))
    return found
