"""`tf.numpy_function` and `tf.py_function`: Python that TensorFlow calls and no tape looks into.

Facts of TensorFlow 2.21: `numpy_function` gives None. `py_function` is one operation to the tapes
outside. It runs its body under a tape of its own, which knows the inputs and nothing else: what the
body captures gets None, an input that its result was not computed from gets zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tapelint.analysis import trace
from tapelint.analysis.graph import DType, Effect, Kind, Reason, captured
from tapelint.analysis.models import tapes
from tapelint.analysis.models.constants import dtype_of
from tapelint.analysis.models.functions import call
from tapelint.analysis.models.registry import models
from tapelint.analysis.values import (
    Arguments,
    BoundMethod,
    Box,
    Const,
    Data,
    FunctionValue,
    Native,
    TapeValue,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter


@models("tf.numpy_function", "tf.compat.v1.py_func")
def numpy_function(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.numpy_function(func, inp, Tout)`."""
    inputs = args.get(1, "inp")

    def result(stated: Value | None) -> Value:
        return machine.record(
            "tf.numpy_function",
            [("inp", v) for v in (inputs,) if v is not None],
            args.place,
            dtype=dtype_of(stated),
            effect=Effect.CUT,
            reason=Reason.OPAQUE,
        )

    types = args.get(2, "Tout")
    if isinstance(types, Tuple | Box):
        known = machine.elements(types)
        if known is not None and known.rest is None:
            return machine.sequence("list", [result(v) for v in known.values])
    return result(types)


@models("tf.py_function")
def py_function(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.py_function(func, inp, Tout)`."""
    function, inputs = args.get(0, "func"), args.get(1, "inp")
    known = machine.elements(inputs) if inputs is not None else None
    if (
        known is None
        or known.rest is not None
        or not isinstance(function, FunctionValue | BoundMethod | Native)
    ):
        return machine.opaque_call("tf.py_function", args.values, args.place)
    started = machine.node("body", Kind.PYTHON, DType.UNKNOWN, args.place).number
    given = [machine.record("input", [("", v)], args.place) for v in known.values]
    tape = tapes.make(machine, Arguments((Const(True),), {}, args.place))
    assert isinstance(tape, TapeValue)
    outside = machine.state.order
    machine.state.order = ()
    tapes.enter(machine, tape, args.place)
    tapes.watch(machine, tape, Arguments((Tuple(tuple(given)),), {}, args.place))
    machine.graph_loops.add(args.place)
    try:
        value = call(machine, function, args, *given)
        tapes.leave(machine, tape)
    finally:
        # `machine.state` may be another one by now.
        machine.state.order = outside
    return outputs(machine, tape, given, value, args, started)


def outputs(
    machine: Interpreter,
    tape: TapeValue,
    given: Sequence[Data],
    value: Value,
    args: Arguments,
    started: int,
) -> Value:
    """Return what the body gave as the operation's own outputs."""
    if isinstance(value, Tuple | Box):
        known = machine.elements(value)
        if known is not None and known.rest is None:
            parts = [outputs(machine, tape, given, v, args, started) for v in known.values]
            return machine.sequence("list", parts)
    targets = machine.leaves(value)
    if not isinstance(value, Data) or value.kind is Kind.UNKNOWN:
        return value
    session, watched = tapes.state_of(machine, tape).session, machine.state.watched
    arrived = trace.arrivals(session, targets)
    effects = {
        str(i): (Effect.ZEROS, Reason.OPAQUE)
        for i, one in enumerate(given)
        if not trace.is_connected(session, watched, targets, one.node, arrived)
    }
    return machine.record(
        "tf.py_function",
        [
            *((str(i), one) for i, one in enumerate(given)),
            *(("captured", Data(node)) for node in captured(targets, started)),
        ],
        args.place,
        dtype=value.node.dtype,
        effects={**effects, "captured": (Effect.CUT, Reason.OPAQUE)},
    )
