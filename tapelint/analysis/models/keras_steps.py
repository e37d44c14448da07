"""The `train_step` of Keras: a tape of its own around the forward pass and the loss.

Facts of Keras 3.15 on TensorFlow 2.21: the model is called with `training=True`; the loss is that
of `compute_loss`; its gradient is asked for `trainable_variables`. All of it is traced as a graph
unless `run_eagerly` is set. Without a single gradient the optimizer raises "No gradients provided
for any variable", with some of them it warns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.graph import Kind
from tapelint.analysis.ir import Place
from tapelint.analysis.models import tapes, untracked
from tapelint.analysis.models.answers import Asker
from tapelint.analysis.models.keras_compiled import ARGUMENTS, compile_arguments, compute_loss
from tapelint.analysis.models.keras_tracking import collection
from tapelint.analysis.models.keras_trained import note_frozen
from tapelint.analysis.observations import Traced
from tapelint.analysis.values import (
    NONE,
    Arguments,
    BoundMethod,
    Box,
    Const,
    Data,
    FunctionValue,
    Instance,
    TapeValue,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

# Methods with which a project takes the step, or the loop around it, into its own hands.
OWN_LOOPS = ("make_train_function", "compiled_loss", "_train_step")
MOST_PARTS = 3


def library_step(
    machine: Interpreter, model: Instance, method: str, data: Value, place: Place
) -> None:
    """Run one step of training and note what the optimizer gets; `method` is what was called."""
    x, y, weight = unpacked(machine, data, place)
    tape = tapes.make(machine, Arguments((), {}, place))
    assert isinstance(tape, TapeValue)
    tapes.enter(machine, tape, place)
    try:
        given = {"training": Const(True)}
        predicted = machine.call(model, Arguments((x,), given, place))
        loss = loss_of(machine, model, (x, y, predicted, weight), place)
    finally:
        tapes.leave(machine, tape)
    if not is_keras_alone(machine, model):
        return
    sources = collection(machine, model, "trainable_variables", place)
    note_frozen(machine, model, sources, method, place)
    state = tapes.state_of(machine, tape)
    asker = Asker(machine, tape, state, method, loss, Arguments((loss, sources), {}, place))
    asker.answers(sources, False)
    asker.report(sources, traced(machine, model))
    if not asker.is_vague:
        untracked.note_collection(machine, model, sources)
        untracked.examine(machine, asker.session, asker.targets, sources, place, asker.sources)


def is_keras_alone(machine: Interpreter, model: Instance) -> bool:
    """Whether the step is known to be that of Keras, on a model that was compiled."""
    if compile_arguments(machine, model) is None:
        return False
    return all(machine.class_attribute(model.cls, name) is None for name in OWN_LOOPS)


def traced(machine: Interpreter, model: Instance) -> Traced:
    """Return whether the step is traced as a graph."""
    arguments = compile_arguments(machine, model)
    if arguments is None or arguments.is_open:
        return Traced.UNKNOWN
    given = arguments.get(ARGUMENTS.index("run_eagerly"), "run_eagerly")
    if (model.identity, "run_eagerly") in machine.state.cells:
        return Traced.UNKNOWN
    if given is None or given in (NONE, Const(False)):
        return Traced.GRAPH
    return Traced.EAGER if given == Const(True) else Traced.UNKNOWN


def loss_of(
    machine: Interpreter, model: Instance, batch: tuple[Value, Value, Value, Value], place: Place
) -> Value:
    """Run `compute_loss(x=, y=, y_pred=, sample_weight=, training=True)`, the project's if any."""
    names = ("x", "y", "y_pred", "sample_weight")
    given = dict(zip(names, batch, strict=True))
    own = machine.class_attribute(model.cls, "compute_loss")
    if not isinstance(own, FunctionValue):
        return compute_loss(machine, model, Arguments((), given, place))
    parameters = own.lazy.get().parameters
    if any(p.name == "training" or p.kind == "**" for p in parameters):
        given["training"] = Const(True)
    return machine.call(BoundMethod(own, model), Arguments((), given, place))


def unpacked(machine: Interpreter, data: Value, place: Place) -> tuple[Value, Value, Value]:
    """Run `x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)`."""
    match data:
        case Tuple() if not data.names:
            parts = [*data.elements[:MOST_PARTS], NONE, NONE, NONE][:MOST_PARTS]
            return parts[0], parts[1], parts[2]
        case Box(kind="dict"):
            return data, NONE, NONE
        case Data() if data.kind not in (Kind.UNKNOWN, Kind.JOIN):
            return data, NONE, NONE
        case _:
            x, y = (machine.unknown("data", [data], place) for _ in range(2))
            return x, y, NONE


def first_of(data: Value) -> Value:
    """Return the inputs of a batch."""
    return data.elements[0] if isinstance(data, Tuple) and data.elements else data
