"""What `compile` was given, and the loss that Keras makes of it.

Facts of Keras 3.15: a loss may be a function, an object, a name, or a list or dict of them, one
for each output; a single one is for every output, and None for none. `compute_loss` adds what
`add_loss` and the regularizers hold.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType
from tapelint.analysis.ir import Place
from tapelint.analysis.models.keras_functional import graph_of
from tapelint.analysis.models.keras_graphs import layer_of, symbolics
from tapelint.analysis.models.keras_regularization import losses
from tapelint.analysis.shapes import is_column, shape_of
from tapelint.analysis.values import (
    NONE,
    Arguments,
    BoundMethod,
    Box,
    Const,
    Data,
    External,
    FunctionValue,
    Instance,
    Native,
    NoGradient,
    Tuple,
    Union,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

COMPILED = "<compiled>"
# Set on a model of a graph that was given a loss by `add_loss`: NotImplementedError in Keras 3.15.
GRAPH_LOSS = "<graph loss>"
ARGUMENTS = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly")
CALLED = FunctionValue | BoundMethod | Instance | Native | Union | External


def compile_arguments(machine: Interpreter, model: Instance) -> Arguments | None:
    """Return what `compile` was called with, None where it was not called or is not known."""
    held = machine.state.cells.get((model.identity, COMPILED))
    return held.arguments if isinstance(held, Native) else None


def compiled(machine: Interpreter, model: Instance, name: str) -> Value | None:
    """Return an argument of `compile`, None where it was not called or is not known."""
    arguments = compile_arguments(machine, model)
    position = ARGUMENTS.index(name) if name in ARGUMENTS else None
    return None if arguments is None else arguments.get(position, name)


def compute_loss(machine: Interpreter, model: Instance, args: Arguments) -> Value:
    """Run `compute_loss(x, y, y_pred, sample_weight)`: the compiled loss and the model's own."""
    place = args.place
    truth, predicted = args.get(1, "y"), args.get(2, "y_pred")
    weight = args.get(3, "sample_weight")
    values = [v for v in (truth, predicted, weight) if v is not None]
    terms: list[Value] = [apply_loss(machine, model, values, place)]
    own = machine.contents(losses(machine, model, place))
    terms.extend([*own.values, *([own.rest] if own.rest is not None else [])])
    # A loss of KerasTensors was written for Keras 2, and this one refuses it.
    if (model.identity, GRAPH_LOSS) in machine.state.cells or machine.symbolic_in(terms):
        terms.append(machine.unknown("add_loss", [model], place))
    return machine.record("compute_loss", [("loss", t) for t in terms], place, dtype=DType.FLOAT)


def compiled_loss(machine: Interpreter, model: Instance, args: Arguments) -> Value:
    """Run `model.compiled_loss(y, y_pred, sample_weight, regularization_losses=)`."""
    extra = [v for k, v in args.keywords.items() if k == "regularization_losses"]
    values = [v for v in args.values if v not in extra]
    result = apply_loss(machine, model, values, args.place)
    if not extra:
        return result
    inputs = [("loss", result), *(("losses", v) for v in extra)]
    return machine.record("compiled_loss", inputs, args.place, dtype=DType.FLOAT)


def apply_loss(machine: Interpreter, model: Instance, values: list[Value], place: Place) -> Value:
    """Run the compiled loss on truth and prediction."""
    arguments = compile_arguments(machine, model)
    if arguments is None or len(values) < 2:
        return machine.record("loss", [("y_pred", v) for v in values], place, dtype=DType.FLOAT)
    loss = compiled(machine, model, "loss")
    if loss is None and arguments.is_open:
        loss = machine.unknown("loss", [], place)
    terms = output_terms(machine, model, loss or NONE, (values[0], values[1]), place)
    return machine.record("loss", [("loss", t) for t in terms], place, dtype=DType.FLOAT)


# ---------------------------------------------------------------------- one for each output


def output_terms(
    machine: Interpreter, model: Instance, loss: Value, pair: tuple[Value, Value], place: Place
) -> list[Value]:
    """Return what each output adds to the loss."""
    truth, predicted = pair
    if loss == NONE:
        return []
    names = output_names(machine, model, predicted)
    if isinstance(loss, Tuple | Box):
        return structured_terms(machine, loss, names, pair, place)
    if not isinstance(predicted, Tuple | Box):
        return [term(machine, loss, truth, predicted, place)]
    parts = outputs(machine, predicted)
    if parts is None:
        return [open_term(machine, pair, place)]
    truths = machine.unknown("y_true", [], place)
    return [term(machine, loss, truths, part, place) for part in parts]


def structured_terms(
    machine: Interpreter,
    loss: Tuple | Box,
    names: list[str] | None,
    pair: tuple[Value, Value],
    place: Place,
) -> list[Value]:
    """Return what each output adds, where a list or dict says which loss is whose."""
    truth, predicted = pair
    given = machine.contents(loss) if isinstance(loss, Box) else None
    wanted = loss.elements if isinstance(loss, Tuple) else given.values if given else ()
    parts = outputs(machine, predicted)
    if parts is None or (given is not None and given.rest is not None):
        return [open_term(machine, pair, place)]
    truths = outputs(machine, truth)
    if truths is None or len(truths) != len(parts):
        truths = [machine.unknown("y_true", [], place) for _ in parts]
    if given is not None and given.keys is not None:
        keys = [spelled(key) for key in given.keys]
        if len(parts) == len(keys) == 1:
            names = keys
        if names is None or any(not key or key not in names for key in keys):
            return [open_term(machine, pair, place)]
        chosen = [(wanted[i], names.index(key)) for i, key in enumerate(keys)]
        # A dict of labels need not be in the order of the outputs.
        blank = machine.unknown("y_true", [], place)
        return [term(machine, one, blank, parts[at], place) for one, at in chosen]
    if len(wanted) != len(parts):
        return [open_term(machine, pair, place)]
    return [
        term(machine, one, own, part, place)
        for one, own, part in zip(wanted, truths, parts, strict=True)
    ]


def outputs(machine: Interpreter, value: Value) -> list[Value] | None:
    """Return the outputs in a prediction, None where they are not known one by one."""
    match value:
        case Tuple():
            return list(value.elements)
        case Box():
            contents = machine.contents(value)
            return list(contents.values) if contents.rest is None else None
        case Data() if value.kind.value not in ("unknown", "join"):
            return [value]
        case _:
            return None


def output_names(machine: Interpreter, model: Instance, predicted: Value) -> list[str] | None:
    """Return the names that a dict of losses tells outputs by: keys, or those of the layers."""
    if isinstance(predicted, Box):
        keys = machine.contents(predicted).keys
        if keys is not None:
            return [spelled(key) for key in keys]
    graph = graph_of(machine, model)
    if graph is None:
        return None
    found = []
    for symbolic in symbolics(machine, graph[1]):
        layer = layer_of(machine, symbolic)
        name = None if layer is None else machine.state.cells.get((layer.identity, "name"))
        if not isinstance(name, Const):
            return None
        found.append(str(name.value))
    return found


def spelled(key: object) -> str:
    """Return a key of a dict as Keras compares it with names, empty where it is not known."""
    known = key.value if isinstance(key, Const) else key
    return known if isinstance(known, str) else ""


def term(machine: Interpreter, loss: Value, truth: Value, predicted: Value, place: Place) -> Value:
    """Run one loss on one output; of a loss that is not understood anything may come."""
    if loss == NONE:
        return machine.record("loss", [], place, dtype=DType.FLOAT)
    if isinstance(loss, Const):
        # Keras's own, by its name.
        return machine.record("loss", [("y_pred", predicted)], place, dtype=DType.FLOAT)
    if not isinstance(loss, CALLED) or truth == NONE or isinstance(predicted, Tuple | Box):
        return open_term(machine, (truth, predicted), place)
    if not isinstance(loss, Instance):
        truth = aligned(truth, predicted)
    result = machine.call(loss, Arguments((truth, predicted), {}, place))
    # A function that returns nothing is not finished, one that takes tensors of a graph from
    # around it was written for another Keras: what either gives is no question of gradients.
    if result == NONE or isinstance(result, NoGradient) or machine.symbolic_in([result]):
        return open_term(machine, (truth, predicted), place)
    return result


def aligned(truth: Value, predicted: Value) -> Value:
    """Return labels as a loss function gets them: with the axes of the prediction (Keras 3.15)."""
    if isinstance(truth, Data) and (is_column(truth) or is_column(predicted)):
        shape = shape_of(predicted) if len(shape_of(truth) or ()) == 1 else None
        return replace(truth, shape=shape, is_column=False)
    return truth


def open_term(machine: Interpreter, pair: tuple[Value, Value], place: Place) -> Value:
    return machine.unknown("loss", list(pair), place)
