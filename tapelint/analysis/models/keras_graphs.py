"""KerasTensors: graphs of layers applied to symbolic tensors, and their replay on real ones.

Facts of Keras 3.15: calling a functional model runs every layer of its graph once, on the tensors
of this call; a model made of another model's tensors shares its layers, not its results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Edge
from tapelint.analysis.ir import Place
from tapelint.analysis.models.constants import dtype_of
from tapelint.analysis.models.keras_inputs import keep_shape, kept_shape, of_input
from tapelint.analysis.models.registry import methods, models
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    Arguments,
    Box,
    Const,
    Data,
    DTypeValue,
    External,
    Instance,
    Native,
    Symbolic,
    Tuple,
    Union,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

# The tensors a layer gave when it was called on KerasTensors, in order.
OUTPUTS = "<outputs of layer>"
INPUTS = "<inputs of layer>"
SOURCE = "<layer>"
DTYPE = "<dtype>"
# A part of a model whose graph is not known: any of its inner tensors.
INNER = "inner tensor"
DEEPEST = 8


# ---------------------------------------------------------------------- making


@models("keras.Input", "keras.layers.Input", "keras.layers.InputLayer", "keras.KerasTensor",
        "keras.backend.placeholder")  # fmt: skip
def input_(machine: Interpreter, args: Arguments) -> Value:
    """Run `keras.Input(shape, batch_size, dtype, ...)`."""
    made = new_input(machine, args.place)
    stated = args.positional[0] if args.positional else None
    given = args if stated is None else replace(args, keywords={"shape": stated, **args.keywords})
    keep_shape(machine, made, of_input(machine, given))
    dtype = dtype_of(args.get(None, "dtype"))
    if dtype is not None:
        machine.state.cells[(made.identity, DTYPE)] = DTypeValue(dtype)
    name = args.get(None, "name")
    if isinstance(name, Const):
        layer = machine.state.cells[(made.identity, SOURCE)]
        assert isinstance(layer, Instance)
        machine.state.cells[(layer.identity, "name")] = name
    return made


def new_input(machine: Interpreter, place: Place, like: Value | None = None) -> Symbolic:
    """Make a KerasTensor that a model may be fed at, of the shape of another one."""
    made = Symbolic(None, (), place)
    keep_shape(machine, made, kept_shape(machine, like))
    layer = Instance(External("keras.layers.InputLayer"))
    machine.state.cells[(made.identity, SOURCE)] = layer
    machine.state.cells[(layer.identity, OUTPUTS)] = Tuple((made,))
    return made


def applied(
    machine: Interpreter, layer: Instance, arguments: Arguments, shape: Value | None
) -> Value:
    """Return what a layer gives for KerasTensors; `shape` has the structure of its result."""
    count, names = len(arguments.positional), tuple(arguments.keywords)

    def replay(inner: Interpreter, given: Arguments) -> Value:
        keywords = dict(zip(names, given.positional[count:], strict=True))
        return inner.call(layer, Arguments(given.positional[:count], keywords, arguments.place))

    native = Native("symbolic", replay, (layer,), arguments)
    made = Symbolic(native, arguments.values, arguments.place)
    result = structured(machine, made, shape)
    note(machine, layer, OUTPUTS, result)
    note(machine, layer, INPUTS, arguments.values[0] if arguments.values else made)
    return result


def note(machine: Interpreter, layer: Instance, cell: str, value: Value) -> None:
    held = machine.state.cells.get((layer.identity, cell))
    old = held.elements if isinstance(held, Tuple) else ()
    machine.state.cells[(layer.identity, cell)] = Tuple((*old, value))


def structured(machine: Interpreter, made: Symbolic, shape: Value | None, depth: int = 0) -> Value:
    """Return KerasTensors in the structure of a result, all taken from one."""
    match shape:
        case Tuple() if depth < DEEPEST:
            parts = tuple(
                structured(machine, Symbolic(None, (made, Const(i)), made.place), e, depth + 1)
                for i, e in enumerate(shape.elements)
            )
            return Tuple(parts, shape.names, shape.cls)
        case Box() if depth < DEEPEST and shape.kind in ("list", "dict"):
            contents = machine.contents(shape)
            if contents.rest is not None:
                return made
            keys = contents.keys if contents.keys is not None else range(len(contents.values))
            taken = tuple(
                structured(machine, Symbolic(None, (made, Const(k)), made.place), e, depth + 1)
                for k, e in zip(keys, contents.values, strict=True)
            )
            return machine.fill(Box(shape.kind), Contents(taken, contents.keys, None))
        case _:
            return made


def placeholder(machine: Interpreter, value: Value) -> Value:
    """Return a tensor in place of a KerasTensor, to see what a layer makes of it."""
    return mapped(machine, value, lambda symbolic: blank(machine, symbolic))


def blank(machine: Interpreter, symbolic: Symbolic) -> Data:
    from tapelint.analysis.graph import Kind

    dtype = machine.state.cells.get((symbolic.identity, DTYPE))
    known = dtype.dtype if isinstance(dtype, DTypeValue) else DType.UNKNOWN
    node = machine.node("keras.Input", Kind.TENSOR, known, symbolic.place)
    return Data(node, kept_shape(machine, symbolic))


def mapped(
    machine: Interpreter, value: Value, change: Callable[[Symbolic], Value], depth: int = 0
) -> Value:
    """Return the value with every KerasTensor in it replaced."""
    if depth > DEEPEST:
        return value
    match value:
        case Symbolic():
            return change(value)
        case Tuple():
            parts = tuple(mapped(machine, e, change, depth + 1) for e in value.elements)
            return Tuple(parts, value.names, value.cls)
        case Box() if value.kind in ("list", "dict", "set"):
            contents = machine.contents(value)
            if not any(True for _ in symbolics(machine, value)):
                return value
            parts = tuple(mapped(machine, e, change, depth + 1) for e in contents.values)
            rest = contents.rest
            if rest is not None:
                rest = mapped(machine, rest, change, depth + 1)
            return machine.fill(Box(value.kind), Contents(parts, contents.keys, rest))
        case Union():
            return machine.join_all([mapped(machine, o, change, depth + 1) for o in value.options])
        case _:
            return value


def symbolics(machine: Interpreter, value: Value, depth: int = 0) -> Iterator[Symbolic]:
    """Yield the KerasTensors in a structure, in order."""
    if depth > DEEPEST:
        return
    match value:
        case Symbolic():
            yield value
        case Tuple(elements=parts) | Union(options=parts):
            for part in parts:
                yield from symbolics(machine, part, depth + 1)
        case Box() if value.kind in ("list", "dict", "set"):
            contents = machine.contents(value)
            for part in contents.values:
                yield from symbolics(machine, part, depth + 1)
            if contents.rest is not None:
                yield from symbolics(machine, contents.rest, depth + 1)
        case _:
            return


def is_symbolic(machine: Interpreter, value: Value, depth: int = 0) -> bool:
    """Whether a structure is made of KerasTensors and nothing else."""
    match value:
        case Symbolic():
            return True
        case Tuple(elements=parts) | Union(options=parts):
            return bool(parts) and all(is_symbolic(machine, p, depth + 1) for p in parts)
        case Box() if depth < DEEPEST and value.kind in ("list", "dict"):
            contents = machine.contents(value)
            parts = contents.values
            return (
                contents.rest is None
                and bool(parts)
                and all(is_symbolic(machine, p, depth + 1) for p in parts)
            )
        case _:
            return False


# ---------------------------------------------------------------------- looking


def parents(machine: Interpreter, symbolic: Symbolic) -> list[Symbolic]:
    return [s for value in symbolic.inputs for s in symbolics(machine, value)]


def reachable(
    machine: Interpreter, outputs: Iterable[Symbolic], stops: frozenset[int]
) -> list[Symbolic]:
    """Return the KerasTensors that outputs are computed from, each after what it needs."""
    order: list[Symbolic] = []
    state: dict[int, bool] = {}
    for output in outputs:
        stack: list[tuple[Symbolic, bool]] = [(output, False)]
        while stack:
            symbolic, is_done = stack.pop()
            if is_done:
                order.append(symbolic)
                continue
            if symbolic.identity in state:
                continue
            state[symbolic.identity] = True
            stack.append((symbolic, True))
            if symbolic.identity not in stops:
                stack.extend((p, False) for p in reversed(parents(machine, symbolic)))
    return order


def layer_of(machine: Interpreter, symbolic: Symbolic) -> Instance | None:
    """Return the layer that gave a KerasTensor, None for a plain operation."""
    if symbolic.layer is None:
        source = machine.state.cells.get((symbolic.identity, SOURCE))
        return source if isinstance(source, Instance) else None
    if isinstance(symbolic.layer, Instance):
        return symbolic.layer
    held = symbolic.layer.held if isinstance(symbolic.layer, Native) else ()
    return held[0] if held and isinstance(held[0], Instance) else None


def layers_between(
    machine: Interpreter, inputs: Sequence[Symbolic], outputs: Sequence[Symbolic]
) -> list[Instance]:
    """Return the layers of a graph in Keras's order: the deepest below the outputs first."""
    stops = frozenset(s.identity for s in inputs)
    order = reachable(machine, outputs, stops)
    depths: dict[int, int] = {}
    for symbolic in reversed(order):
        # Taking one of several outputs is no layer of its own.
        step = 0 if symbolic.layer is None and symbolic.inputs else 1
        depth = depths.setdefault(symbolic.identity, 0)
        if symbolic.identity in stops:
            continue
        for parent in parents(machine, symbolic):
            depths[parent.identity] = max(depths.get(parent.identity, 0), depth + step)
    found: dict[int, tuple[int, int, Instance]] = {}
    for position, symbolic in enumerate(order):
        layer = layer_of(machine, symbolic)
        if layer is None:
            continue
        depth = depths[symbolic.identity]
        before = found.get(layer.identity)
        if before is not None:
            depth, position = max(depth, before[0]), before[1]
        found[layer.identity] = (depth, position, layer)
    for symbolic in inputs:
        # An input that no output needs is listed with the outputs.
        layer = layer_of(machine, symbolic)
        if layer is not None:
            found.setdefault(layer.identity, (0, -1, layer))
    return [row[2] for row in sorted(found.values(), key=lambda row: (-row[0], row[1]))]


# ---------------------------------------------------------------------- running


class Replay:
    """One run of a graph: every KerasTensor is computed once, from what the inputs were fed."""

    def __init__(self, machine: Interpreter, fed: dict[int, Value], place: Place) -> None:
        self.machine = machine
        self.results: dict[int, Value] = dict(fed)
        self.fed = frozenset(fed)
        self.place = place

    def run(self, outputs: Value) -> Value:
        """Compute the outputs, in their structure."""
        wanted = list(symbolics(self.machine, outputs))
        order = reachable(self.machine, wanted, self.fed)
        inner = [s for s in order if is_inner(s)]
        machine = self.machine
        # The layers stand where the graph was made, and run where the model is called.
        stack, machine.stack = machine.stack, (self.place, *machine.stack)
        try:
            for symbolic in order:
                if symbolic.identity not in self.results:
                    self.results[symbolic.identity] = self.compute(symbolic, inner)
        finally:
            machine.stack = stack
        return mapped(self.machine, outputs, lambda s: self.results[s.identity])

    def resolved(self, value: Value) -> Value:
        return mapped(
            self.machine,
            value,
            lambda s: self.results.get(s.identity) or self.unfed(s),
        )

    def unfed(self, symbolic: Symbolic) -> Value:
        return self.machine.unknown("keras.Input", [], symbolic.place)

    def compute(self, symbolic: Symbolic, inner: Sequence[Symbolic]) -> Value:
        machine = self.machine
        if symbolic.layer is None:
            if not symbolic.inputs:
                return self.unfed(symbolic)
            base, index = symbolic.inputs
            return machine.item(self.resolved(base), self.resolved(index), symbolic.place)
        inputs = tuple(self.resolved(v) for v in symbolic.inputs)
        if is_inner(symbolic):
            return self.compute_inner(symbolic, inner, inputs)
        return machine.call(symbolic.layer, Arguments(inputs, {}, symbolic.place))

    def compute_inner(
        self, symbolic: Symbolic, inner: Sequence[Symbolic], inputs: tuple[Value, ...]
    ) -> Value:
        """Compute all tensors taken out of one model of unknown graph: any may lead to any."""
        owner = layer_of(self.machine, symbolic)
        group = [s for s in inner if layer_of(self.machine, s) is owner]
        made: list[Data] = []
        for member in group:
            assert isinstance(member.layer, Native)
            value = member.layer.call(self.machine, Arguments(inputs, {}, member.place))
            assert isinstance(value, Data)
            made.append(value)
            self.results[member.identity] = value
        for value in made:
            others = [Edge(o.node) for o in made if o is not value]
            value.node.edges = (*value.node.edges, *others)
            value.node.recorded = frozenset().union(*(v.node.recorded for v in made))
        return self.results[symbolic.identity]


def is_inner(symbolic: Symbolic) -> bool:
    """Whether a KerasTensor is one that a layer inside of a model made."""
    return isinstance(symbolic.layer, Native) and symbolic.layer.name == INNER


@methods(Symbolic)
def method(machine: Interpreter, receiver: Value, name: str, args: Arguments) -> Value:
    """Run a method of a KerasTensor."""
    from tapelint.analysis.models.operations import symbolic_call

    assert isinstance(receiver, Symbolic)
    if name in ("get_shape", "_keras_shape"):
        return machine.unknown(f".{name}", [], args.place)

    def apply(inner: Interpreter, given: Arguments) -> Value:
        owner, *others = given.positional
        bound = inner.attribute(owner, name, given.place)
        return inner.call(bound, Arguments(tuple(others), given.keywords, given.place))

    everything = Arguments((receiver, *args.positional), args.keywords, args.place, args.is_open)
    return symbolic_call(Native(f".{name}", apply), everything)
