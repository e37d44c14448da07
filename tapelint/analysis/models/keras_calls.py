"""What happens around a Keras layer's own `call`: building, the training flag, KerasTensors.

Facts of Keras 3.15: `build` runs once, before the first call; a `training` argument that is not
given is that of the outermost call; arrays become tensors; losses added in an earlier call are
forgotten when the outermost layer is called again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tapelint.analysis.frames import Dead
from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.models import keras_graphs as graphs
from tapelint.analysis.models.keras_tracking import DEFERRED, LOSSES, is_built, mark_built, walk
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    NONE,
    Arguments,
    BoundMethod,
    Box,
    Const,
    Data,
    FunctionValue,
    Instance,
    Tuple,
    Value,
    VariableValue,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

# State of the running program that belongs to no object.
TRAINING = ("keras", "training")
INSIDE = ("keras", "inside a call")
HAS_LOSSES = ("keras", "losses were added")
MASKS = ("keras", "some layer makes masks")

Run = Callable[[Arguments], Value]


def call_layer(
    machine: Interpreter, layer: Instance, arguments: Arguments, run: Run, is_plain: bool
) -> Value:
    """Run `layer(...)`; `is_plain`: the result is known to be one tensor."""
    if machine.symbolic_in(arguments.values) is not None:
        return call_symbolic(machine, layer, arguments, run, is_plain)
    cells = machine.state.cells
    outer_training, inside, deferred = cells.get(TRAINING), cells.get(INSIDE), cells.get(DEFERRED)
    if defers(machine, layer):
        cells[DEFERRED] = Const(True)
    build(machine, layer, arguments)
    cells = machine.state.cells
    if inside is None and HAS_LOSSES in cells:
        forget_losses(machine, layer)
    cells[INSIDE] = Const(True)
    resolved = resolve_training(machine, layer, arguments)
    if resolved is not None:
        cells[TRAINING] = resolved
    try:
        return run(prepared(machine, layer, arguments, resolved))
    finally:
        # `machine.state` may be another one by now.
        restore(machine, TRAINING, outer_training)
        restore(machine, INSIDE, inside)
        restore(machine, DEFERRED, deferred)


def defers(machine: Interpreter, layer: Instance) -> bool:
    """Whether this call builds what is below a layer of the project that has no `build`."""
    if is_built(machine, layer) or machine.class_attribute(layer.cls, "call") is None:
        return False
    return machine.class_attribute(layer.cls, "build") is None


def restore(machine: Interpreter, key: tuple[str, str], value: Value | None) -> None:
    if value is None:
        machine.state.cells.pop(key, None)
    else:
        machine.state.cells[key] = value


def call_symbolic(
    machine: Interpreter, layer: Instance, arguments: Arguments, run: Run, is_plain: bool
) -> Value:
    """Put a layer into a graph; its `call` runs once off every tape, to see what it gives."""
    shape: Value | None = None
    if not is_plain or not is_built(machine, layer):
        start = machine.state
        machine.state = start.fork()
        machine.state.order = ()
        given = Arguments(
            tuple(graphs.placeholder(machine, v) for v in arguments.positional),
            {k: graphs.placeholder(machine, v) for k, v in arguments.keywords.items()},
            arguments.place,
            arguments.is_open,
        )
        try:
            shape = call_layer(machine, layer, given, run, is_plain)
            machine.state.order = start.order
        except Dead:
            machine.state = start
    return graphs.applied(machine, layer, arguments, shape)


# ---------------------------------------------------------------------- building


def build(machine: Interpreter, layer: Instance, arguments: Arguments) -> None:
    """Run the layer's `build` unless it is built."""
    if is_built(machine, layer):
        return
    mark_built(machine, layer)
    method = machine.class_attribute(layer.cls, "build")
    if not isinstance(method, FunctionValue):
        return
    shapes = [shape_of(machine, value, arguments) for value in arguments.values]
    count = len([p for p in method.lazy.get().parameters if p.kind == "ordinary"]) - 1
    given = tuple(shapes[: max(count, 0)])
    machine.call(BoundMethod(method, layer), Arguments(given, {}, arguments.place, is_open=True))


def shape_of(machine: Interpreter, value: Value, arguments: Arguments) -> Value:
    """Return the shape that `build` is handed for an argument."""
    known = machine.elements(value) if isinstance(value, Tuple | Box) else None
    if known is not None and known.rest is None and known.values:
        parts = [shape_of(machine, v, arguments) for v in known.values[:8]]
        return machine.sequence("list", parts)
    if isinstance(value, Data | VariableValue) and value.shape is not None:
        return Tuple(tuple(axis(machine, n, arguments) for n in value.shape))
    return axis(machine, None, arguments)


def axis(machine: Interpreter, count: int | None, arguments: Arguments) -> Value:
    """Return one number of a shape, or a shape of which nothing is known."""
    if count is not None:
        return Const(count)
    return Data(machine.node("input_shape", Kind.PYTHON, DType.INT, arguments.place))


# ---------------------------------------------------------------------- arguments


def parameters_of(machine: Interpreter, layer: Instance) -> tuple[FunctionValue | None, list[str]]:
    """Return the project's own `call` and the names of its parameters, `self` left out."""
    method = machine.class_attribute(layer.cls, "call")
    if not isinstance(method, FunctionValue):
        return None, []
    parameters = method.lazy.get().parameters
    return method, [f"{p.kind if p.kind.startswith('*') else ''}{p.name}" for p in parameters[1:]]


def resolve_training(machine: Interpreter, layer: Instance, arguments: Arguments) -> Value | None:
    """Return the training flag of a call: given, the outer call's, or the default of `call`."""
    given = arguments.keywords.get("training")
    method, names = parameters_of(machine, layer)
    if given is None and "training" in names:
        position = names.index("training")
        if position < len(arguments.positional):
            given = arguments.positional[position]
    if given is not None and given != NONE:
        return given
    outer: Value | None = machine.state.cells.get(TRAINING)
    if outer is not None:
        return outer
    if method is not None and "training" in names:
        parameter = method.lazy.get().parameters[1 + names.index("training")]
        if parameter.default is not None:
            default = machine.default_of(method, parameter)
            return default if default != NONE else None
    return None


def prepared(
    machine: Interpreter, layer: Instance, arguments: Arguments, training: Value | None
) -> Arguments:
    """Return the arguments as the layer's `call` gets them."""
    positional = tuple(as_tensors(machine, v, arguments) for v in arguments.positional)
    keywords = {k: as_tensors(machine, v, arguments) for k, v in arguments.keywords.items()}
    method, names = parameters_of(machine, layer)
    if method is not None:
        takes_any = any(n.startswith("**") for n in names)
        for flag in ("training", "mask"):
            if flag in keywords and flag not in names and not takes_any:
                del keywords[flag]
        free = [n for n in names[len(positional) :] if keywords.get(n, NONE) == NONE]
        if "training" in free and training is not None:
            keywords["training"] = training
        if "mask" in free and MASKS in machine.state.cells:
            keywords["mask"] = machine.join_values(NONE, a_mask(machine, arguments))
    return Arguments(positional, keywords, arguments.place, arguments.is_open)


def a_mask(machine: Interpreter, arguments: Arguments) -> Data:
    return Data(machine.node("mask", Kind.TENSOR, DType.BOOL, arguments.place))


def as_tensors(machine: Interpreter, value: Value, arguments: Arguments, depth: int = 0) -> Value:
    """Convert the arrays in an argument."""
    match value:
        case Data() if value.kind is Kind.ARRAY:
            made = machine.record("tf.convert_to_tensor", [("value", value)], arguments.place)
            return Data(made.node, value.shape, value.is_column)
        case Tuple() if depth < 4:
            parts = tuple(as_tensors(machine, e, arguments, depth + 1) for e in value.elements)
            return Tuple(parts, value.names, value.cls)
        case Box() if depth < 4 and value.kind in ("list", "dict"):
            contents = machine.contents(value)
            if not any(isinstance(v, Data | Box | Tuple) for v in contents.values):
                return value
            parts = tuple(as_tensors(machine, e, arguments, depth + 1) for e in contents.values)
            if all(a is b for a, b in zip(parts, contents.values, strict=True)):
                return value
            return machine.fill(Box(value.kind), Contents(parts, contents.keys, contents.rest))
        case _:
            return value


# ---------------------------------------------------------------------- added losses


def add_loss(machine: Interpreter, layer: Instance, value: Value) -> None:
    """Run `layer.add_loss(value)`."""
    cells = machine.state.cells
    held = cells.get((layer.identity, LOSSES))
    old = held.elements if isinstance(held, Tuple) else ()
    known = machine.elements(value) if isinstance(value, Tuple | Box) else None
    added = known.values if known is not None and known.rest is None else (value,)
    cells[(layer.identity, LOSSES)] = Tuple((*old, *added)[-40:])
    cells[HAS_LOSSES] = Const(True)


def forget_losses(machine: Interpreter, layer: Instance) -> None:
    for visit in walk(machine, layer):
        machine.state.cells.pop((visit.instance.identity, LOSSES), None)
