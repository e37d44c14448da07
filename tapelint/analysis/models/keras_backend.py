"""`keras.backend`, `keras.config` and `keras.ops`: what the knowledge table does not list.

Most of these functions are gone from Keras 3; programs for older versions still call them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.models import keras_graphs as graphs
from tapelint.analysis.models import operations
from tapelint.analysis.models.constants import dtype_of
from tapelint.analysis.models.keras_calls import TRAINING
from tapelint.analysis.models.keras_functional import run_graph
from tapelint.analysis.models.keras_training import read_out
from tapelint.analysis.models.registry import families, models
from tapelint.analysis.values import (
    NONE,
    Arguments,
    BoundMethod,
    Box,
    Const,
    Data,
    DTypeValue,
    External,
    FunctionValue,
    Instance,
    Native,
    Tuple,
    Value,
    VariableValue,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

SETTINGS: dict[str, Value] = {
    "epsilon": Const(1e-7),
    "floatx": Const("float32"),
    "backend": Const("tensorflow"),
    "image_data_format": Const("channels_last"),
}
# Made of numbers alone, of a dtype that is the default's or that of `dtype=`.
FLOATING = frozenset("eye identity tri hamming hanning bartlett blackman".split())
BOOLEAN = frozenset({"in_top_k", "is_keras_tensor", "is_sparse"})
QUIET = frozenset(
    "clear_session set_learning_phase manual_variable_initialization set_session reset_uids "
    "set_image_data_format set_floatx set_epsilon get_session".split()
)


@families("keras.config.", "keras.mixed_precision.", "keras.distribution.")
def setting(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Run a function that reads or changes a setting."""
    last = name.rpartition(".")[2]
    if last in SETTINGS:
        return SETTINGS[last]
    if last.startswith(("is_", "max_")):
        return Data(machine.node(name, Kind.PYTHON, DType.BOOL, args.place))
    if last == "dtype_policy":
        return machine.unknown(name, [], args.place)
    return NONE


@families("keras.backend.", "keras.ops.")
def function(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Run a function of the table, or one that is not in it: all its arguments flow."""
    known = operations.apply(machine, name, args)
    if known is not None:
        return known
    last = name.rpartition(".")[2]
    if last in SETTINGS:
        return SETTINGS[last]
    if last in QUIET:
        return NONE
    if any(isinstance(v, FunctionValue | BoundMethod | Native | Instance) for v in args.values):
        return machine.opaque_call(name, args.values, args.place)
    if machine.symbolic_in(args.values) is not None:
        return operations.symbolic_call(External(name), args)
    dtype = dtype_of(args.keywords.get("dtype"))
    if dtype is None and last in FLOATING:
        dtype = DType.FLOAT
    if last in BOOLEAN:
        dtype = DType.BOOL
    if dtype is None and last != "arange":
        dtype = DType.UNKNOWN
    inputs = [("", v) for v in args.values if not isinstance(v, DTypeValue | External)]
    return machine.record(name, inputs, args.place, dtype=dtype)


@models("keras.backend.variable", "keras.backend.zeros", "keras.backend.ones")
def variable(machine: Interpreter, args: Arguments) -> Value:
    """Run `K.variable(value, dtype=None)`: a variable of TensorFlow (Keras 2)."""
    initial = args.get(0, "value")
    dtype = dtype_of(args.get(1, "dtype")) or DType.FLOAT
    return machine.variable(args.place, library="tf", dtype=dtype, trainable=True, initial=initial)


@models("keras.backend.set_value", "keras.backend.update", "keras.backend.update_add",
        "keras.backend.update_sub")  # fmt: skip
def set_value(machine: Interpreter, args: Arguments) -> Value:
    """Run `K.set_value(variable, value)`."""
    variable, value = args.get(0, "x"), args.get(1, "value", "new_x", "increment")
    if isinstance(variable, VariableValue) and value is not None:
        machine.assign(variable, value, "set_value", args.place)
        return variable
    return NONE


@models("keras.backend.batch_set_value")
def batch_set_value(machine: Interpreter, args: Arguments) -> Value:
    """Run `K.batch_set_value([(variable, value), ...])`."""
    known = machine.elements(args.positional[0]) if args.positional else None
    for pair in known.values if known is not None else ():
        if isinstance(pair, Tuple) and len(pair.elements) == 2:
            set_value(machine, Arguments(pair.elements, {}, args.place))
    return NONE


@models("keras.backend.learning_phase", "keras.backend.symbolic_learning_phase")
def learning_phase(machine: Interpreter, args: Arguments) -> Value:
    """Run `K.learning_phase()`: the training flag of the running call."""
    held: Value | None = machine.state.cells.get(TRAINING)
    return held or Data(machine.node("learning_phase", Kind.PYTHON, DType.BOOL, args.place))


@models("keras.backend.in_train_phase", "keras.backend.in_test_phase", "keras.backend.switch",
        "keras.ops.switch")  # fmt: skip
def phase(machine: Interpreter, args: Arguments) -> Value:
    """Run `K.in_train_phase(x, alt)` or `K.switch(condition, x, alt)`: one of two."""
    options: list[Value] = []
    for value in args.positional:
        known = machine.elements(value) if isinstance(value, Tuple | Box) else None
        options.extend(known.values if known is not None else (value,))
    results: list[Value] = []
    for option in options:
        if isinstance(option, FunctionValue | BoundMethod):
            operands = args.positional[2:] if len(args.positional) > 2 else ()
            takes = option.lazy if isinstance(option, FunctionValue) else option.function.lazy
            given = operands if takes.get().parameters else ()
            results.append(machine.call(option, Arguments(tuple(given), {}, args.place)))
        else:
            results.append(option)
    tensors = [r for r in results if not isinstance(r, Const)] or results
    return machine.join_all(tensors) if tensors else NONE


@models("keras.backend.function")
def graph_function(machine: Interpreter, args: Arguments) -> Value:
    """Run `K.function(inputs, outputs)`: a graph whose results come out as arrays."""
    inputs, outputs = args.get(0, "inputs"), args.get(1, "outputs")
    if (
        inputs is None
        or outputs is None
        or not (graphs.is_symbolic(machine, inputs) and graphs.is_symbolic(machine, outputs))
    ):
        return machine.opaque_call("keras.backend.function", args.values, args.place)

    def run(inner: Interpreter, given: Arguments) -> Value:
        result = run_graph(inner, (inputs, outputs), given)
        return read_out(inner, result, "keras.backend.function", given.place)

    return Native("keras.backend.function", run)


@models("keras.ops.unstack")
def unstack(machine: Interpreter, args: Arguments) -> Value:
    """Run `keras.ops.unstack(x, num=None)`."""
    x, count = args.get(0, "x"), args.get(1, "num")
    if x is None:
        return NONE
    if isinstance(count, Const) and isinstance(count.value, int) and 0 < count.value <= 16:
        parts = [machine.any_element(x, args.place) for _ in range(count.value)]
        return machine.sequence("list", parts)
    known = machine.elements(x)
    if known is not None and known.rest is None:
        return machine.sequence("list", known.values)
    return machine.sequence("list", (), machine.any_element(x, args.place))


@models("keras.random.randint")
def randint(machine: Interpreter, args: Arguments) -> Value:
    """Run `keras.random.randint(shape, minval, maxval)`."""
    return Data(machine.node("keras.random.randint", Kind.TENSOR, DType.INT, args.place))
