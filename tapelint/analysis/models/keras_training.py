"""`compile`, `fit`, `predict` and their kin: what they run of the project, what they give back.

Facts of TensorFlow 2.21: `predict` and `predict_on_batch` give arrays, `evaluate` and the
`..._on_batch` methods Python numbers; `fit` runs `train_step` as a graph, on data that carries no
gradient; `predict_step` and `compute_loss` give tensors that do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tapelint.analysis.frames import Dead
from tapelint.analysis.graph import DType, Edge, Effect, Kind, Reason
from tapelint.analysis.ir import Place
from tapelint.analysis.models.keras_callbacks import Hooks
from tapelint.analysis.models.keras_compiled import (
    COMPILED,
    compiled,
    compiled_loss,
    compute_loss,
)
from tapelint.analysis.models.keras_config import layer_name
from tapelint.analysis.models.keras_steps import first_of, library_step, traced
from tapelint.analysis.models.keras_trained import TRAINED, note_first, note_unfrozen
from tapelint.analysis.models.operations import shape_of
from tapelint.analysis.observations import Traced
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    NONE,
    Arguments,
    BoundMethod,
    Box,
    Const,
    Data,
    Dataset,
    External,
    FunctionValue,
    Instance,
    Native,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

METHODS = frozenset(
    "compile fit evaluate predict predict_on_batch train_on_batch test_on_batch train_step "
    "test_step predict_step compute_loss compute_metrics fit_generator predict_generator "
    "evaluate_generator predict_classes".split()
)
STEPS = {
    **dict.fromkeys(("fit", "fit_generator", "train_on_batch"), "train_step"),
    **dict.fromkeys(("evaluate", "evaluate_generator", "test_on_batch"), "test_step"),
}


# ---------------------------------------------------------------------- attributes


def attribute(machine: Interpreter, model: Instance, name: str, at: Place) -> Value | None:
    """Return an attribute that `compile` and `fit` set on a model."""
    match name:
        case "optimizer":
            return held_object(machine, model, name, "keras.Optimizer")
        case "loss":
            return compiled(machine, model, "loss")
        case "compiled_loss":
            return Native(name, lambda inner, given: compiled_loss(inner, model, given), (model,))
        case "compiled_metrics" | "_compile_metrics":
            return held_object(machine, model, name, "keras.Metric")
        case "metrics":
            return metrics(machine, model)
        case "history":
            return machine.unknown("history", [], at)
        case "stop_training" | "run_eagerly" | "jit_compile" | "steps_per_execution":
            return Data(machine.node(f".{name}", Kind.PYTHON, DType.BOOL, at))
        case _:
            return None


def held_object(machine: Interpreter, model: Instance, name: str, cls: str) -> Value:
    """Return what was compiled in, or an object of the class that stands for it."""
    if name == "optimizer":
        given = compiled(machine, model, name)
        if given is not None and not isinstance(given, Const):
            return given
    key = (model.identity, f"<{name}>")
    found: Value | None = machine.state.cells.get(key)
    if found is None:
        found = Instance(External(cls))
        machine.state.cells[key] = found
    return found


def metrics(machine: Interpreter, model: Instance) -> Box:
    """Return `model.metrics`: those in attributes, and whatever `compile` made."""
    found: list[Value] = []
    for value in machine.attributes(model.identity).values():
        if isinstance(value, Instance):
            base = machine.library_base(value.cls) or ""
            if base.startswith(("keras.metrics.", "keras.Metric")):
                found.append(value)
    return machine.sequence("list", found, Instance(External("keras.Metric")))


# ---------------------------------------------------------------------- methods


def run(machine: Interpreter, model: Instance, name: str, args: Arguments) -> Value:
    """Run a method of training or prediction that the project does not define."""
    match name:
        case "compile":
            held = Native("compile", lambda inner, given: NONE, args.values, args)
            machine.state.cells[(model.identity, COMPILED)] = held
            machine.state.cells.pop((model.identity, TRAINED), None)
            machine.has_optimizer |= args.get(0, "optimizer") not in (None, NONE)
            return NONE
        case "compute_loss":
            return compute_loss(machine, model, args)
        case "predict_step":
            return forward(machine, model, args.get(0, "data") or NONE, args.place)
        case "predict" | "predict_on_batch" | "predict_generator" | "predict_classes":
            return predict(machine, model, name, args)
        case "train_step" | "test_step":
            return default_step(machine, model, name, args)
        case "compute_metrics":
            return logs(machine, args.place)
        case _:
            return train(machine, model, name, args)


def train(machine: Interpreter, model: Instance, name: str, args: Arguments) -> Value:
    """Run `fit`, `evaluate` or one of the `..._on_batch` methods."""
    data = batch(machine, args)
    if name not in ("fit", "fit_generator"):
        run_step(machine, model, name, data, args.place)
        return Data(machine.node(name, Kind.PYTHON, DType.FLOAT, args.place))
    hooks = Hooks(machine, model, args)
    hooks.train("begin")
    is_repeated = True
    for _ in range(2):
        hooks.epoch("begin")
        hooks.batch("begin")
        is_repeated = is_repeated and run_step(machine, model, name, data, args.place)
        hooks.batch("end")
        hooks.epoch("end")
        if not is_repeated and not hooks.objects:
            break
    hooks.train("end")
    return machine.unknown("history", [], args.place)


def run_step(machine: Interpreter, model: Instance, name: str, data: Value, place: Place) -> bool:
    """Run one step on a batch; False where a second one would tell nothing new."""
    step = machine.class_attribute(model.cls, STEPS[name])
    trains = STEPS[name] == "train_step"
    if trains:
        note_unfrozen(machine, model, name, place)
    frame = machine.frame
    was_compiled = frame.is_compiled
    frame.is_compiled |= compiled(machine, model, "jit_compile") == Const(True)
    is_repeated = False
    machine.library_steps += 1
    try:
        if isinstance(step, FunctionValue):
            if traced(machine, model) is not Traced.EAGER:
                step = replace(step, marks=step.marks | {"tf.function"})
            machine.call(BoundMethod(step, model), Arguments((data,), {}, place))
            is_repeated = True
        elif trains:
            library_step(machine, model, name, data, place)
        else:
            forward(machine, model, first_of(data), place)
    except Dead:
        pass
    finally:
        machine.library_steps -= 1
        frame.is_compiled = was_compiled
    if trains:
        note_first(machine, model, place)
    return is_repeated


def batch(machine: Interpreter, args: Arguments) -> Value:
    """Return one batch of the data that `fit` was given, without a gradient to where it is from."""
    x, y = args.get(0, "x", "generator"), args.get(1, "y")
    if isinstance(x, Dataset):
        return machine.dataset_element(x, args.place)
    if x is None:
        return machine.unknown("data", [], args.place)
    parts = [detached(machine, x, args.place)]
    if y is not None and y != NONE:
        parts.append(detached(machine, y, args.place))
    weights = args.keywords.get("sample_weight")
    if weights is not None and weights != NONE:
        parts.append(detached(machine, weights, args.place))
    if len(parts) == 1:
        may_be_pairs = isinstance(x, Data) and x.kind in (Kind.UNKNOWN, Kind.JOIN)
        if may_be_pairs or not isinstance(x, Data):
            # A generator or a dataset of any structure.
            return machine.unknown("data", [], args.place)
        return parts[0]
    return Tuple(tuple(parts))


def detached(machine: Interpreter, value: Value, place: Place) -> Value:
    """Return a batch of an array, or of each in a structure of them."""
    if isinstance(value, Tuple):
        return Tuple(tuple(detached(machine, v, place) for v in value.elements), value.names)
    if isinstance(value, Box):
        contents = machine.contents(value)
        parts = tuple(detached(machine, v, place) for v in contents.values)
        rest = None if contents.rest is None else detached(machine, contents.rest, place)
        return machine.fill(Box(value.kind), Contents(parts, contents.keys, rest))
    found = machine.leaves(value)
    dtype = found[0].dtype if found else DType.UNKNOWN
    edges = [Edge(leaf, Effect.CUT, Reason.DATASET) for leaf in found]
    whole = shape_of(machine, value)
    shape = None if whole is None else (None, *whole[1:])
    return Data(machine.node("dataset element", Kind.TENSOR, dtype, place, edges), shape)


def forward(machine: Interpreter, model: Instance, data: Value, place: Place) -> Value:
    """Call the model, as the training and prediction loops do."""
    inputs = first_of(data)
    if isinstance(inputs, Const):
        inputs = machine.unknown("data", [], place)
    return machine.call(model, Arguments((inputs,), {}, place))


def predict(machine: Interpreter, model: Instance, name: str, args: Arguments) -> Value:
    """Run `predict(x)`: the forward pass, read out as arrays."""
    x = args.get(0, "x", "generator") or NONE
    if isinstance(x, Dataset):
        x = machine.dataset_element(x, args.place)
    step = machine.class_attribute(model.cls, "predict_step")
    if isinstance(step, FunctionValue):
        result = machine.call(BoundMethod(step, model), Arguments((x,), {}, args.place))
    else:
        result = forward(machine, model, x, args.place)
    label = f"{layer_name(machine, model)}.{name}"
    return read_out(machine, result, label, args.place)


def read_out(machine: Interpreter, value: Value, name: str, place: Place) -> Value:
    """Return the numbers of a result, in its structure."""
    match value:
        case Tuple():
            parts = tuple(read_out(machine, v, name, place) for v in value.elements)
            return machine.sequence("list", parts)
        case Box() if value.kind in ("list", "dict"):
            contents = machine.contents(value)
            parts = tuple(read_out(machine, v, name, place) for v in contents.values)
            rest = None if contents.rest is None else read_out(machine, contents.rest, name, place)
            return machine.fill(Box(value.kind), Contents(parts, contents.keys, rest))
        case _:
            return machine.leave_tensorflow(name, [value], place, Kind.ARRAY, reason=Reason.PREDICT)


def default_step(machine: Interpreter, model: Instance, name: str, args: Arguments) -> Value:
    """Run the library's `train_step` or `test_step`: forward, loss, update, metrics."""
    data = args.get(0, "data") or NONE
    if name == "train_step":
        library_step(machine, model, name, data, args.place)
    else:
        forward(machine, model, data, args.place)
    return logs(machine, args.place)


def logs(machine: Interpreter, place: Place) -> Value:
    number = Data(machine.node("metric", Kind.TENSOR, DType.FLOAT, place))
    return machine.fill(Box("dict"), Contents((), (), number))
