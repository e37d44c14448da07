"""`tf.Variable` and `keras.Variable`: making, reading and assigning them.

Facts of TensorFlow 2.21: an assignment is no operation for a tape, later reads see the new value;
`assign` on a `tf.Variable` gives an object that reads as the variable but is another source.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tapelint.analysis import shapes, updates
from tapelint.analysis.graph import DType, Edge, Effect, Kind, Reason
from tapelint.analysis.models import variable_names
from tapelint.analysis.models.constants import dtype_of
from tapelint.analysis.models.keras_inputs import elements
from tapelint.analysis.models.operations import dtype_class, shape_of
from tapelint.analysis.models.registry import methods, models
from tapelint.analysis.state import VariableState
from tapelint.analysis.values import (
    NONE,
    Arguments,
    BoundMethod,
    Const,
    Data,
    FunctionValue,
    Native,
    Value,
    VariableValue,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

READS = frozenset(
    {"value", "read_value", "gather_nd", "sparse_read", "to_dense", "initialized_value"}
)
LEAVES = frozenset({"numpy", "item", "tolist", "eval", "__array__", "__float__"})
UPDATES = ("assign", "scatter", "batch_scatter", "load")


@models("tf.Variable")
def variable(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.Variable(initial_value, trainable=None, validate_shape, ..., name, ..., dtype)`."""
    initial = args.get(0, "initial_value")
    trainable = known_trainable(args.get(1, "trainable"), args)
    given = dtype_of(args.get(6, "dtype"))
    variable = made(machine, args, "tf", initial, given, trainable)
    variable_names.note(machine, variable, args)
    return variable


@models("keras.Variable", "keras.backend.Variable")
def keras_variable(machine: Interpreter, args: Arguments) -> Value:
    """Run `keras.Variable(initializer, shape=None, dtype=None, trainable=True)`; float by default."""
    initial = args.get(0, "initializer")
    given = dtype_of(args.get(2, "dtype"))
    trainable = known_trainable(args.get(3, "trainable"), args)
    shape = args.get(1, "shape")
    if given is None and shape is not None:
        given = DType.FLOAT
    variable = made(machine, args, "keras", initial, given, trainable)
    if shape is None:
        return variable
    return replace(variable, shape=shapes.written(shape, elements(machine)))


def made(
    machine: Interpreter,
    args: Arguments,
    library: str,
    initial: Value | None,
    given: DType | None,
    trainable: bool | None,
) -> VariableValue:
    if isinstance(initial, FunctionValue | BoundMethod | Native):
        # for: tf.Variable(lambda: tf.random.normal([3]))
        initial = machine.call(initial, Arguments((), {}, args.place))
    dtype = given
    if dtype is None:
        dtype = DType.UNKNOWN if initial is None else dtype_class(machine, initial)
    name = args.keywords.get("name")
    label = name.value if isinstance(name, Const) and isinstance(name.value, str) else None
    made = machine.variable(
        args.place, library=library, dtype=dtype, trainable=trainable, label=None, initial=initial
    )
    made.node.note = label or ""
    return made if initial is None else replace(made, shape=shape_of(machine, initial))


def known_trainable(value: Value | None, args: Arguments) -> bool | None:
    match value:
        case None | Const(value=None):
            return None if args.is_open else True
        case Const():
            return bool(value.value)
        case _:
            return None


@methods(VariableValue)
def method(machine: Interpreter, receiver: Value, name: str, args: Arguments) -> Value:
    """Run a method of a variable."""
    assert isinstance(receiver, VariableValue)
    if name.startswith(UPDATES):
        return updated(machine, receiver, name, args)
    if name in LEAVES:
        return machine.leave_tensorflow(f".{name}", [receiver], args.place, Kind.ARRAY)
    if name in READS:
        return machine.record(name, [("x", receiver)], args.place, dtype=receiver.node.dtype)
    if name in ("get_shape", "is_initialized", "device", "handle", "initializer", "op", "graph"):
        return Data(machine.node(f".{name}", Kind.PYTHON, DType.INT, args.place))
    if name.startswith("__") and name.endswith("__"):
        return machine.special(receiver, name, args)
    inputs = [("x", receiver), *(("", v) for v in args.values)]
    return machine.record(f".{name}", inputs, args.place, dtype=DType.UNKNOWN)


def updated(machine: Interpreter, variable: VariableValue, name: str, args: Arguments) -> Value:
    """Run `assign` and its kin."""
    place = args.place
    value = args.get(0, "value", "delta", "sparse_delta", "indices", "updates")
    others = args.values[1:] if name.startswith(("scatter", "batch_scatter")) else ()
    if value is not None:
        if isinstance(value, VariableValue) and value.node is not variable.node:
            machine.copies_weights = True
        updates.examine_update(machine, variable, value, place)
    machine.assigned_at.setdefault(place, set()).add(variable.node)
    machine.assign(variable, value or NONE, f".{name}", place)
    for other in others:
        machine.assign(variable, other, f".{name}", place)
    if variable.library == "keras" and name == "assign" and value is not None:
        # Gives back the value itself, converted (Keras 3.15).
        return machine.record(name, [("x", value)], place, dtype=variable.node.dtype)
    state: VariableState | None = machine.state.cells.get(("variable", variable.identity))
    read = variable.node if state is None else state.read
    # An `_UnreadVariable`: reads as the variable, and is no source of it.
    node = machine.node(
        f".{name}",
        Kind.TENSOR,
        variable.node.dtype,
        place,
        [Edge(read, Effect.CUT, Reason.ASSIGN, name)],
    )
    node.note = "assigned"
    return Data(node)
