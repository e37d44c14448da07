"""Tensors, arrays and numbers: what their methods do, how they are made from other values.

`tf.constant(tensor)` and `tf.convert_to_tensor(tensor)` give back the same tensor (TensorFlow 2.21,
eager); of a variable `tf.constant` copies the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tapelint.analysis import shapes, sparse, unread, updates
from tapelint.analysis.graph import DType, Edge, Effect, Kind, Node, Reason
from tapelint.analysis.models import operations
from tapelint.analysis.models.constants import dtype_of
from tapelint.analysis.models.draws import drawn
from tapelint.analysis.models.operations import dtype_class, shape_of, symbolic_call
from tapelint.analysis.models.registry import methods, models
from tapelint.analysis.observations import Misuse
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    Const,
    Data,
    External,
    NoGradient,
    Tuple,
    Union,
    Value,
    VariableValue,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

TO_NUMBERS = frozenset({"numpy", "item", "tolist", "eval", "__array__", "tobytes", "__float__"})
# Methods of arrays (and of tensors under `tf.experimental.numpy`) whose result keeps the dtype.
NO_VALUE = frozenset({"get_shape", "set_shape", "ensure_shape", "copy_", "dim", "fill"})
ARRAY_INTS = frozenset({"argmax", "argmin", "argsort", "nonzero", "searchsorted"})
ARRAY_BOOLS = frozenset({"any", "all", "isnull", "isna", "notna"})


@models("tf.constant", "keras.backend.constant", "tf.compat.v1.constant")
def constant(machine: Interpreter, args: Arguments) -> Value:
    value = args.get(0, "value")
    dtype = dtype_of(args.get(1, "dtype"))
    if value is None:
        return machine.opaque_call("tf.constant", args.values, args.place)
    if isinstance(value, Union):
        return machine.join_all([copied(machine, o, dtype, args) for o in value.options])
    return copied(machine, value, dtype, args)


def copied(machine: Interpreter, value: Value, dtype: DType | None, args: Arguments) -> Value:
    """Return a constant made of a value: the same tensor, or a copy of its numbers."""
    if isinstance(value, Data) and value.kind is Kind.TENSOR:
        return value
    result = dtype if dtype is not None else dtype_class(machine, value)
    edges = []
    for leaf in machine.leaves(value):
        is_copied = leaf.kind is Kind.VARIABLE or (
            isinstance(value, Tuple | Box) and leaf.kind in (Kind.TENSOR, Kind.JOIN)
        )
        effect = Effect.CUT if is_copied else Effect.FLOWS
        reason = Reason.REWRAP if is_copied else Reason.NONE
        edges.append(Edge(leaf, effect, reason, "value"))
    recorded, _ = machine.state.recording()
    may_carry = any(e.parent.kind in (Kind.UNKNOWN, Kind.JOIN) for e in edges)
    node = machine.node(
        "tf.constant",
        Kind.TENSOR,
        result,
        args.place,
        edges,
        recorded=recorded if may_carry else frozenset(),
    )
    node.operands = (("value", value),)
    return Data(node, shape_of(machine, value))


@models(
    "tf.convert_to_tensor", "keras.ops.convert_to_tensor", "keras.backend.convert_to_tensor",
    "tf.experimental.numpy.asarray", "tf.experimental.numpy.array", "tf.compat.v1.convert_to_tensor",
)  # fmt: skip
def converted(machine: Interpreter, args: Arguments) -> Value:
    value = args.get(0, "value", "x", "a", "val", "object")
    if isinstance(value, Data) and value.kind is Kind.TENSOR and not sparse.is_sparse(value):
        return value
    dtype = dtype_of(args.get(1, "dtype"))
    if value is None:
        return machine.opaque_call("tf.convert_to_tensor", args.values, args.place)
    if dtype is None:
        dtype = dtype_class(machine, value)
    made = machine.record("tf.convert_to_tensor", [("value", value)], args.place, dtype=dtype)
    return Data(made.node, shape_of(machine, value))


@models("tf.cast", "keras.ops.cast", "keras.backend.cast")
def cast(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.cast(x, dtype)`, which gives `x` itself where it has the dtype (TensorFlow 2.21)."""
    made = operations.apply(machine, "tf.cast", args)
    value = args.get(0, "x")
    if made is None:
        return machine.opaque_call("tf.cast", args.values, args.place)
    if not (isinstance(made, Data) and isinstance(value, Data) and holds_tensors(value.node)):
        return made
    if made.dtype.is_blocked or made.dtype is not value.dtype:
        return made
    return machine.join_values(value, made)


def holds_tensors(node: Node) -> bool:
    """Whether a value is a tensor, whichever branch made it."""
    if node.kind is Kind.JOIN:
        return all(holds_tensors(edge.parent) for edge in node.edges)
    return node.kind is Kind.TENSOR


@methods(Data)
def method(machine: Interpreter, receiver: Value, name: str, args: Arguments) -> Value:
    """Run a method of a tensor, an array, a number or something unknown."""
    assert isinstance(receiver, Data)
    place = args.place
    if name in TO_NUMBERS:
        if receiver.kind is Kind.ARRAY or receiver.kind is Kind.PYTHON:
            made = machine.derived(f".{name}", [receiver], place, receiver.kind, receiver.dtype)
        else:
            made = machine.leave_tensorflow(f".{name}", [receiver], place, Kind.ARRAY)
        return replace(made, shape=receiver.shape) if name == "numpy" else made
    if name.startswith("assign") and receiver.node.gradient_of is not None:
        # for: variable, gradient = gradient, variable; a tensor has no `assign_sub`
        updates.misused(machine, place, Misuse.SWAPPED, [receiver])
    if name in NO_VALUE:
        return machine.shape_of(receiver, name, place)
    if receiver.kind is Kind.UNKNOWN:
        # for: optimizer.apply_gradients(pairs), with a parameter
        machine.applies |= name in unread.APPLYING
        return machine.opaque_call(f".{name}", [receiver, *args.values], place)
    if receiver.dtype is DType.STRING:
        return machine.derived(f".{name}", [receiver], place, receiver.kind, DType.UNKNOWN)
    if name.startswith("__") and name.endswith("__"):
        return machine.special(receiver, name, args)
    values = [receiver, *args.values]
    if receiver.kind in (Kind.ARRAY, Kind.PYTHON):
        return array_method(machine, receiver, name, values, args)
    made = machine.record(
        f".{name}", [("x", v) for v in values], place, dtype=method_dtype(name, args)
    )
    return made


def array_method(
    machine: Interpreter, receiver: Data, name: str, values: Sequence[Value], args: Arguments
) -> Value:
    """Run a method of an array: what it makes is an array, whatever it was handed."""
    dtype = method_dtype(name, args) or receiver.dtype
    drawing = drawn(machine, name, args) if receiver.node.op == "generator" else None
    if drawing is not None:
        made = machine.leave_tensorflow(f".{name}", values, args.place, receiver.kind, drawing[0])
        return replace(made, shape=drawing[1])
    if name in ("copy", "reshape", "flatten", "ravel", "astype", "transpose", "squeeze"):
        values = [receiver]
    made = machine.leave_tensorflow(f".{name}", values, args.place, receiver.kind, dtype)
    if name == "reshape" and not args.is_open:
        given = args.positional[0] if len(args.positional) == 1 else Tuple(args.positional)
        made.node.operands = (("", receiver), ("shape", given), *args.keywords.items())
    return replace(made, shape=method_shape(machine, receiver, name, args))


def method_shape(machine: Interpreter, receiver: Data, name: str, args: Arguments) -> shapes.Shape:
    """Return the shape that a method of an array gives."""
    if args.is_open:
        return None
    listed = partial(operations.known_elements, machine)
    argument = "shape" if name == "reshape" else "axis"
    inputs: list[tuple[str, Value]] = [("x", receiver)]
    if len(args.positional) > 1 and name == "reshape":
        # for: x.reshape(-1, 1)
        inputs.append(("shape", Tuple(args.positional)))
    elif args.positional and name not in ("astype", "copy"):
        inputs.append((argument, args.positional[0]))
    inputs += list(args.keywords.items())
    return shapes.result(name, inputs, listed)


def method_dtype(name: str, args: Arguments) -> DType | None:
    if name == "astype":
        return dtype_of(args.get(0, "dtype"))
    if name in ARRAY_INTS:
        return DType.INT
    return DType.BOOL if name in ARRAY_BOOLS else None


@methods(NoGradient)
def of_none(machine: Interpreter, receiver: Value, name: str, args: Arguments) -> Value:
    """Run a method of a gradient that is None: this path raises, another goes on."""
    return machine.unknown(f".{name}", [receiver, *args.values], args.place)


@models("tf.cast_like", "tf.is_tensor", "keras.backend.is_tensor", "keras.ops.is_tensor")
def is_tensor(machine: Interpreter, args: Arguments) -> Value:
    value = args.get(0, "x")
    if isinstance(value, VariableValue):
        return Const(True)
    if isinstance(value, Data) and value.kind is Kind.TENSOR:
        return Const(True)
    if isinstance(value, Const | Tuple | Box):
        return Const(False)
    return Data(machine.node("tf.is_tensor", Kind.PYTHON, DType.BOOL, args.place))


@models("tf.where", "keras.ops.where", "tf.compat.v1.where", "tf.compat.v2.where")
def where(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.where(condition, x, y)`; without branches it answers indices."""
    condition = args.get(0, "condition")
    branches = [args.get(1, "x", "x1"), args.get(2, "y", "x2")]
    given = [branch for branch in branches if branch is not None and branch != NONE]
    if condition is None or not given:
        return machine.record(
            "tf.where",
            [("condition", v) for v in args.values],
            args.place,
            dtype=DType.INT,
            effect=Effect.CUT,
            reason=Reason.OP,
        )
    symbolic = machine.symbolic_in(args.values)
    if symbolic is not None:
        return symbolic_call(External("tf.where"), args)
    inputs = [("condition", condition), *zip(("x", "y"), given, strict=False)]
    return machine.record(
        "tf.where",
        inputs,
        args.place,
        dtype=dtype_class(machine, *given),
        effects={"condition": (Effect.CUT, Reason.THRESHOLD)},
    )
