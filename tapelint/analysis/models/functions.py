"""TensorFlow functions that take functions: loops, conditions, maps, custom gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.frames import Dead
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
    """Call a function that was handed to another one, in whose place its code runs."""
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
