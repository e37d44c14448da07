"""Callables of `operator` and `functools`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tapelint.analysis.ir import Place
from tapelint.analysis.models.registry import LibraryClass, library_class, models
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Const,
    External,
    FunctionValue,
    Instance,
    Native,
    Tuple,
    Union,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

BINARY = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**",
    "matmul": "@", "and_": "&", "or_": "|", "xor": "^", "lshift": "<<", "rshift": ">>",
    "concat": "+",
}  # fmt: skip
COMPARING = {
    "lt": "<", "le": "<=", "eq": "==", "ne": "!=", "gt": ">", "ge": ">=", "is_": "is",
    "is_not": "is not",
}  # fmt: skip
UNARY = {"neg": "-", "pos": "+", "invert": "~", "inv": "~"}


# ---------------------------------------------------------------------- operator


def binary(name: str, op: str) -> None:
    @models(f"operator.{name}", f"operator.i{name.rstrip('_')}")
    def apply(machine: Interpreter, args: Arguments) -> Value:
        if len(args.positional) != 2:
            return machine.opaque_call(f"operator.{name}", args.values, args.place)
        return machine.binary(op, *args.positional, args.place)


def comparing(name: str, op: str) -> None:
    @models(f"operator.{name}")
    def apply(machine: Interpreter, args: Arguments) -> Value:
        if len(args.positional) != 2:
            return machine.opaque_call(f"operator.{name}", args.values, args.place)
        return machine.compared(op, *args.positional, args.place)


def unary(name: str, op: str) -> None:
    @models(f"operator.{name}")
    def apply(machine: Interpreter, args: Arguments) -> Value:
        if not args.positional:
            return machine.opaque_call(f"operator.{name}", args.values, args.place)
        return machine.negated(op, args.positional[0], args.place)


for _name, _op in BINARY.items():
    binary(_name, _op)
for _name, _op in COMPARING.items():
    comparing(_name, _op)
for _name, _op in UNARY.items():
    unary(_name, _op)


@models("operator.getitem")
def getitem(machine: Interpreter, args: Arguments) -> Value:
    if len(args.positional) != 2:
        return machine.opaque_call("operator.getitem", args.values, args.place)
    return machine.item(*args.positional, args.place)


@models("operator.setitem")
def setitem(machine: Interpreter, args: Arguments) -> Value:
    if len(args.positional) == 3:
        machine.set_item(*args.positional, args.place)
    return NONE


def getter(
    name: str, take: Callable[[Interpreter, Value, Value, Arguments], Value]
) -> Callable[[Interpreter, Arguments], Value]:
    """Make `itemgetter` or `attrgetter`: of several keys it gives a tuple."""

    def make(machine: Interpreter, args: Arguments) -> Value:
        keys = args.positional

        def get(inner: Interpreter, given: Arguments) -> Value:
            owner = given.positional[0]
            found = [take(inner, owner, key, given) for key in keys]
            return found[0] if len(found) == 1 else Tuple(tuple(found))

        return Native(name, get, keys)

    return make


def take_item(machine: Interpreter, owner: Value, key: Value, args: Arguments) -> Value:
    return machine.item(owner, key, args.place)


def take_attribute(machine: Interpreter, owner: Value, key: Value, args: Arguments) -> Value:
    if not isinstance(key, Const) or not isinstance(key.value, str):
        return machine.unknown("attrgetter", [owner], args.place)
    for name in key.value.split("."):
        owner = machine.attribute(owner, name, args.place)
    return owner


models("operator.itemgetter")(getter("itemgetter", take_item))
models("operator.attrgetter")(getter("attrgetter", take_attribute))


@models("operator.methodcaller")
def methodcaller(machine: Interpreter, args: Arguments) -> Value:
    """Run `methodcaller("name", *args)`."""
    name, given_first = args.get(0, "name"), args.positional[1:]

    def call(inner: Interpreter, given: Arguments) -> Value:
        owner = given.positional[0]
        if not isinstance(name, Const) or not isinstance(name.value, str):
            return inner.opaque_call("methodcaller", [owner, *args.values], given.place)
        method = inner.attribute(owner, name.value, given.place)
        return inner.call(method, Arguments(given_first, args.keywords, given.place))

    return Native("methodcaller", call, args.values)


# ---------------------------------------------------------------------- functools


@models("functools.reduce")
def reduce(machine: Interpreter, args: Arguments) -> Value:
    """Run `functools.reduce(function, iterable, initial)`."""
    function, iterable = args.get(0, "function"), args.get(1, "iterable")
    if function is None or iterable is None:
        return machine.opaque_call("functools.reduce", args.values, args.place)
    known = machine.elements(iterable)
    machine.spend(iterable)
    values = list(known.values) if known is not None else []
    if known is None or known.rest is not None:
        rest = known.rest if known is not None and known.rest is not None else None
        # Any number of further elements: two of them stand for all.
        values += [rest or machine.any_element(iterable, args.place) for _ in range(2)]
    start = args.get(2, "initial")
    if start is None and not values:
        return machine.unknown("functools.reduce", [], args.place)
    total = values.pop(0) if start is None else start
    for value in values:
        total = machine.call(function, Arguments((total, value), {}, args.place))
    return total


@models("functools.lru_cache", "functools.cache")
def cached(machine: Interpreter, args: Arguments) -> Value:
    """Run `@lru_cache`, bare or with arguments."""
    function = args.get(0, "user_function")
    if function is None or isinstance(function, Const):
        return Native("lru_cache", lambda inner, given: remembering(given.positional[0]))
    return remembering(function)


def remembering(function: Value) -> Value:
    """Return a function that gives the same object for the same arguments."""
    if isinstance(function, FunctionValue):
        return replace(function, marks=function.marks | {"cached"})
    return function


@models("functools.singledispatch")
def singledispatch(machine: Interpreter, args: Arguments) -> Value:
    """Run `@singledispatch`."""
    made = Instance(External("functools.singledispatch"))
    Dispatch().init(machine, made, args)
    return made


@library_class("functools.singledispatch")
class Dispatch(LibraryClass):
    """A function that the class of its first argument chooses."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Keep what is called where nothing else fits."""
        machine.state.cells[(made.identity, "<choices>")] = Tuple(())
        machine.state.cells[(made.identity, "<default>")] = arguments.get(0, "func") or NONE

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run `@f.register`, with a class or with an annotation that names it."""
        if name != "register":
            return machine.unknown(name, [], arguments.place)
        first = arguments.get(0, "cls")
        if len(arguments.positional) == 2:
            return self.register(
                machine, instance, arguments.positional[0], arguments.positional[1]
            )
        if isinstance(first, FunctionValue):
            return self.register(machine, instance, annotated_class(machine, first), first)
        return Native(
            "register",
            lambda inner, given: self.register(inner, instance, first, given.positional[0]),
        )

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return nothing: all it has are methods."""
        return None

    def register(
        self, machine: Interpreter, instance: Instance, cls: Value | None, function: Value
    ) -> Value:
        """Add a choice."""
        key = (instance.identity, "<choices>")
        pair = Tuple((cls if cls is not None else NONE, function))
        machine.state.cells[key] = Tuple((*machine.state.cells[key].elements, pair))
        return function

    def call(self, machine: Interpreter, instance: Instance, arguments: Arguments) -> Value:
        """Call what fits; where that is not known, all that may."""
        cells = machine.state.cells
        candidates = []
        # Later registrations tend to be the more special ones.
        for pair in reversed(cells[(instance.identity, "<choices>")].elements):
            cls, function = pair.elements
            fits = machine.is_instance(arguments.positional[0], cls)
            if fits is not False:
                candidates.append(function)
            if fits is True:
                break
        else:
            candidates.append(cells[(instance.identity, "<default>")])
        return machine.call(Union(tuple(candidates)), arguments)


def annotated_class(machine: Interpreter, function: FunctionValue) -> Value | None:
    parameters = function.lazy.get().parameters
    annotation = parameters[0].annotation if parameters else None
    return None if annotation is None else machine.evaluate(annotation)
