"""What the function that trains a model was made for, and what was unfrozen after that.

Seen with Keras 3.15: the first step after `compile` fixes which variables are trained. What is
unfrozen later keeps its numbers in a graph; run eagerly, the optimizer raises `Unknown variable`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.graph import Node
from tapelint.analysis.ir import Place
from tapelint.analysis.models import eras
from tapelint.analysis.models.keras_tracking import collection
from tapelint.analysis.observations import RequestMisused
from tapelint.analysis.values import Box, Const, Instance, Tuple, Value, VariableValue

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

# Set once the function that trains was made: what it trains, and what the model had beside that.
TRAINED = "<trained>"
# With this a program makes the function anew.
MADE_ANEW = "make_train_function"


def note_first(machine: Interpreter, model: Instance, place: Place) -> None:
    """Note, after a step, what the model trains from now on."""
    if (model.identity, TRAINED) in machine.state.cells:
        return
    lists = [
        collection(machine, model, name, place) for name in ("trainable_variables", "variables")
    ]
    known = [variables_in(machine, one) for one in lists]
    parts = (Const(None) if one is None else Tuple(tuple(one.values())) for one in known)
    machine.state.cells[(model.identity, TRAINED)] = Tuple(tuple(parts))
    machine.trained_at[model.identity] = place


def note_frozen(
    machine: Interpreter, model: Instance, sources: Value, method: str, place: Place
) -> None:
    """Note a first step without a variable to train."""
    is_frozen = isinstance(sources, Box) and ("frozen", sources.identity) in machine.state.cells
    is_first = (model.identity, TRAINED) not in machine.state.cells
    if is_frozen and is_first and not eras.is_keras_2(machine, place):
        machine.observe(RequestMisused(place, "frozen model", method))


def note_unfrozen(machine: Interpreter, model: Instance, method: str, place: Place) -> None:
    """Note a further step for which variables were unfrozen that it does not train."""
    held = machine.state.cells.get((model.identity, TRAINED))
    if not isinstance(held, Tuple) or not all(isinstance(part, Tuple) for part in held.elements):
        return
    trained, had = (
        {v.node for v in part.elements if isinstance(v, VariableValue)}
        for part in held.elements
        if isinstance(part, Tuple)
    )
    now = variables_in(machine, collection(machine, model, "trainable_variables", place))
    if now is None or not (had - trained).intersection(now):
        return
    if not eras.is_keras_2(machine, place) and MADE_ANEW not in place.file_text():
        first = machine.trained_at.get(model.identity)
        machine.observe(RequestMisused(place, "unfrozen after a step", method, first))


def variables_in(machine: Interpreter, value: Box) -> dict[Node, VariableValue] | None:
    """Return the variables of a list that is known to the last."""
    contents = machine.contents(value)
    if contents.rest is not None:
        return None
    return {v.node: v for v in contents.values if isinstance(v, VariableValue)}
