"""TensorFlow functions that take functions: loops, conditions, maps, custom gradients, opaque calls.

Facts of TensorFlow 2.21: `tf.numpy_function` gives None, `tf.py_function` differentiates what its
body does with TensorFlow operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.graph import Effect, Kind, Reason
from tapelint.analysis.machine import Dead
from tapelint.analysis.models.constants import dtype_of
from tapelint.analysis.models.registry import methods, models
from tapelint.analysis.values import (
    Arguments,
    BoundMethod,
    Box,
    Data,
    FunctionValue,
    Native,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter


def call(machine: Interpreter, function: Value, args: Arguments, *values: Value) -> Value:
    return machine.call(function, Arguments(tuple(values), {}, args.place))


@models("tf.cond", "tf.compat.v1.cond", "keras.ops.cond")
def cond(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.cond(pred, true_fn, false_fn)`."""
    test = args.get(0, "pred")
    known = None if test is None else machine.truth(test)
    branches = [args.get(1, "true_fn"), args.get(2, "false_fn")]
    if known is not None:
        branches = [branches[0 if known else 1]]
    return either(machine, [b for b in branches if b is not None], args)


@models("tf.case", "tf.switch_case", "tf.compat.v1.case")
def case(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.case(pairs, default)` or `tf.switch_case(index, branches, default)`."""
    options: list[Value] = []
    for value in args.values:
        known = machine.elements(value)
        for element in known.values if known is not None else (value,):
            if isinstance(element, Tuple) and len(element.elements) == 2:
                element = element.elements[1]
            if isinstance(element, FunctionValue | BoundMethod | Native):
                options.append(element)
    return either(machine, options, args)


def either(machine: Interpreter, functions: list[Value], args: Arguments) -> Value:
    """Call one of several functions without arguments, not known which."""
    if not functions:
        return machine.opaque_call("tf.cond", args.values, args.place)
    start = machine.state
    ends, results = [], []
    for function in functions:
        machine.state = start.fork()
        try:
            results.append(call(machine, function, args))
        except Dead:
            continue
        ends.append(machine.state)
    merged = machine.merge(ends)
    if merged is None:
        machine.state = start
        raise Dead
    machine.state = merged
    return machine.join_all(results)


@models("tf.while_loop", "tf.compat.v1.while_loop", "keras.ops.while_loop")
def while_loop(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.while_loop(cond, body, loop_vars)`: the body twice."""
    machine.graph_loops.add(args.place)
    body, held = args.get(1, "body"), args.get(2, "loop_vars")
    if body is None or held is None:
        return machine.opaque_call("tf.while_loop", args.values, args.place)
    value = held
    for _ in range(2):
        known = machine.elements(value)
        if known is None or known.rest is not None:
            return machine.opaque_call("tf.while_loop", args.values, args.place)
        result = call(machine, body, args, *known.values)
        value = result if isinstance(result, Tuple | Box) else Tuple((result,))
    known = machine.elements(value)
    return Tuple(known.values) if known is not None and known.rest is None else value


@models(
    "tf.map_fn", "tf.vectorized_map", "keras.ops.map", "keras.ops.vectorized_map", "keras.backend.map_fn"
)  # fmt: skip
def map_fn(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.map_fn(fn, elems)` on one element that stands for all."""
    machine.graph_loops.add(args.place)
    function, elements = args.get(0, "fn", "f", "function"), args.get(1, "elems", "xs", "elements")
    if function is None or elements is None:
        return machine.opaque_call("tf.map_fn", args.values, args.place)
    result = call(machine, function, args, rowwise(machine, elements, args))
    return stacked(machine, result, args)


def rowwise(machine: Interpreter, elements: Value, args: Arguments) -> Value:
    """Return one row of a tensor, or of each tensor of a structure."""
    if isinstance(elements, Tuple):
        parts = tuple(rowwise(machine, e, args) for e in elements.elements)
        return Tuple(parts, elements.names, elements.cls)
    if isinstance(elements, Box):
        known = machine.elements(elements)
        if known is not None and known.rest is None and elements.kind != "dict":
            return Tuple(tuple(rowwise(machine, e, args) for e in known.values))
    return machine.any_element(elements, args.place)


def stacked(machine: Interpreter, value: Value, args: Arguments) -> Value:
    if isinstance(value, Tuple):
        parts = tuple(stacked(machine, e, args) for e in value.elements)
        return Tuple(parts, value.names, value.cls)
    if isinstance(value, Data) or machine.leaves(value):
        return machine.record("tf.map_fn", [("elems", value)], args.place)
    return value


@models("tf.scan", "tf.foldl", "tf.foldr", "keras.ops.scan", "keras.ops.fori_loop")
def scan(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.scan(fn, elems, initializer)`: two turns stand for all."""
    machine.graph_loops.add(args.place)
    function, elements = args.get(0, "fn", "f"), args.get(1, "elems", "xs")
    if function is None or elements is None:
        return machine.opaque_call("tf.scan", args.values, args.place)
    known = machine.elements(elements)
    values = list(known.values[:6]) if known is not None and known.rest is None else []
    if not values:
        values = [rowwise(machine, elements, args)] * 2
    start = args.get(2, "initializer", "initial")
    value = start if start is not None else values.pop(0)
    for element in values:
        value = call(machine, function, args, value, element)
    return value


@models("tf.numpy_function", "tf.compat.v1.py_func")
def numpy_function(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.numpy_function(func, inp, Tout)`: the tape sees nothing of it."""
    return opaque_results(machine, args, "tf.numpy_function", args.get(2, "Tout"))


def opaque_results(machine: Interpreter, args: Arguments, name: str, types: Value | None) -> Value:
    inputs = args.get(1, "inp")

    def result(stated: Value | None) -> Value:
        return machine.record(
            name,
            [("inp", v) for v in (inputs,) if v is not None],
            args.place,
            dtype=dtype_of(stated),
            effect=Effect.CUT,
            reason=Reason.OPAQUE,
        )

    if isinstance(types, Tuple | Box):
        known = machine.elements(types)
        if known is not None and known.rest is None:
            return machine.sequence("list", [result(v) for v in known.values])
    return result(types)


@models("tf.py_function")
def py_function(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.py_function(func, inp, Tout)`: its body runs eagerly under the tape."""
    function, inputs = args.get(0, "func"), args.get(1, "inp")
    known = machine.elements(inputs) if inputs is not None else None
    if (
        known is None
        or known.rest is not None
        or not isinstance(function, FunctionValue | BoundMethod | Native)
    ):
        return machine.opaque_call("tf.py_function", args.values, args.place)
    machine.graph_loops.add(args.place)
    value = call(machine, function, args, *known.values)
    return as_results(machine, value, args)


def as_results(machine: Interpreter, value: Value, args: Arguments) -> Value:
    """Turn what the body gave into tensors; where it left TensorFlow, the function is opaque."""
    if isinstance(value, Tuple | Box):
        known = machine.elements(value)
        if known is not None and known.rest is None:
            return machine.sequence("list", [as_results(machine, v, args) for v in known.values])
    if isinstance(value, Data) and value.kind in (Kind.ARRAY, Kind.PYTHON):
        return machine.record(
            "tf.py_function", [("inp", value)], args.place, effect=Effect.CUT, reason=Reason.OPAQUE
        )
    return value


@models("tf.grad_pass_through")
def grad_pass_through(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.grad_pass_through(f)`: forward `f`, backward the identity."""

    def straight(inner: Interpreter, given: Arguments) -> Value:
        return inner.record("tf.grad_pass_through", [("x", v) for v in given.values], given.place)

    return Native("grad_pass_through", straight, args.values)


@methods(FunctionValue, BoundMethod, Native)
def method(machine: Interpreter, receiver: Value, name: str, args: Arguments) -> Value:
    """Run a method of a function object: of what `tf.function` or `functools.partial` made."""
    if name in ("get_concrete_function", "python_function", "__wrapped__"):
        return receiver
    if name == "__call__":
        return machine.call(receiver, args)
    if name in ("setter", "getter", "deleter") and args.positional:
        return receiver
    return machine.opaque_call(name, args.values, args.place)


@models("functools.partial", "functools.partialmethod", "tf.compat.v1.make_template")
def partial(machine: Interpreter, args: Arguments) -> Value:
    """Run `functools.partial(f, *args, **kwargs)`."""
    if not args.positional:
        return machine.opaque_call("functools.partial", args.values, args.place)
    function, first = args.positional[0], args.positional[1:]
    held = dict(args.keywords)

    def run(inner: Interpreter, given: Arguments) -> Value:
        keywords = {**held, **given.keywords}
        merged = Arguments(
            (*first, *given.positional), keywords, given.place, args.is_open or given.is_open
        )
        return inner.call(function, merged)

    return Native("partial", run, (function, *first, *held.values()))
