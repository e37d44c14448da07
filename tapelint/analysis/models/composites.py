"""Sparse and ragged tensors, and `tf.experimental.numpy`.

A gradient runs through the values of a composite tensor (TensorFlow 2.21); what is not said here
is in the knowledge table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Effect, Reason
from tapelint.analysis.models import operations
from tapelint.analysis.models.constants import dtype_of
from tapelint.analysis.models.numpy import BOOLS, FLOATING, INTS, VALUE_FREE
from tapelint.analysis.models.operations import dtype_class
from tapelint.analysis.models.registry import families, models
from tapelint.analysis.values import NONE, Arguments, Const, Value

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter


def composite(machine: Interpreter, name: str, position: int, args: Arguments) -> Value:
    """Make a composite tensor of its values; where they lie is not differentiable."""
    values = args.get(position, "values", "flat_values", "pylist")
    if values is None:
        return machine.opaque_call(name, args.values, args.place)
    inputs = [("values", values)]
    inputs += [("partition", v) for v in args.values if v is not values]
    return machine.record(
        name, inputs, args.place, dtype=dtype_class(machine, values),
        effects={"partition": (Effect.CUT, Reason.VALUE_FREE)},
    )  # fmt: skip


@models("tf.SparseTensor", "tf.sparse.SparseTensor", "tf.compat.v1.SparseTensor")
def sparse_tensor(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.SparseTensor(indices, values, dense_shape)`."""
    return composite(machine, "tf.SparseTensor", 1, args)


@models(
    "tf.RaggedTensor.from_row_splits", "tf.RaggedTensor.from_nested_row_splits",
    "tf.RaggedTensor.from_nested_row_lengths", "tf.RaggedTensor.from_nested_value_rowids",
)  # fmt: skip
def ragged_tensor(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.RaggedTensor.from_row_splits(values, row_splits)`."""
    return composite(machine, "tf.RaggedTensor", 0, args)


@models("tf.ragged.constant")
def ragged_constant(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.ragged.constant(pylist, dtype=None)`, which takes numbers alone."""
    numbers = args.get(0, "pylist")
    dtype = dtype_of(args.get(1, "dtype"))
    if dtype is None:
        dtype = DType.UNKNOWN if numbers is None else dtype_class(machine, numbers)
    inputs = [] if numbers is None else [("pylist", numbers)]
    return machine.record("tf.ragged.constant", inputs, args.place, dtype=dtype)


# ---------------------------------------------------------------------- tf.experimental.numpy


@families("tf.experimental.numpy.")
def tensor_numpy(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Run a function of `tf.experimental.numpy`: NumPy by name, operations on tensors in fact."""
    known = operations.apply(machine, name, args)
    if known is not None:
        return known
    short = name.removeprefix("tf.experimental.numpy.")
    if short.startswith(("experimental_enable", "set_", "random.seed")):
        return NONE
    given = dtype_of(args.keywords.get("dtype"))
    inputs = [("x", value) for value in args.values if not isinstance(value, Const)]
    if short in INTS:
        given = DType.INT
    elif short in BOOLS:
        given = DType.BOOL
    elif short in FLOATING and given is None:
        given = DType.FLOAT
    if short in VALUE_FREE:
        return machine.record(
            name, inputs, args.place, dtype=given, effect=Effect.CUT, reason=Reason.VALUE_FREE
        )
    if given is not None and given.is_blocked:
        reason = Reason.THRESHOLD if given is DType.BOOL else Reason.OP
        return machine.record(
            name, inputs, args.place, dtype=given, effect=Effect.CUT, reason=reason
        )
    if short in (
        "floor",
        "ceil",
        "round",
        "rint",
        "around",
        "fix",
        "trunc",
        "sign",
        "floor_divide",
    ):
        effect = Effect.ZEROS if short == "sign" else Effect.CUT
        return machine.record(name, inputs, args.place, effect=effect, reason=Reason.OP)
    return machine.record(name, [("x", v) for v in args.values], args.place, dtype=given)
