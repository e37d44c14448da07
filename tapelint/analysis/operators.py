"""Computes with operators: arithmetic, comparisons, signs, and what they make of containers."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Sequence

from tapelint.analysis import ir, updates
from tapelint.analysis.calls import Calls
from tapelint.analysis.comparisons import Comparisons
from tapelint.analysis.graph import DType, Edge, Effect, Kind, Reason
from tapelint.analysis.ir import Place
from tapelint.analysis.observations import VariableAugmented
from tapelint.analysis.shapes import broadcast, combine_to_column, is_column, product, shape_of
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
    Native,
    Symbolic,
    Tuple,
    Union,
    Value,
    VariableValue,
    options_of,
)

ARITHMETIC: dict[str, Callable[..., object]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "@": operator.matmul,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}
SIGNS: dict[str, Callable[..., object]] = {
    "-": operator.neg,
    "+": operator.pos,
    "~": operator.invert,
}
SPECIAL = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod",
    "**": "pow", "@": "matmul", "&": "and", "|": "or", "^": "xor", "<<": "lshift", ">>": "rshift",
    "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq",
}  # fmt: skip
# `v += d` on a tf.Variable raises for these; `//=` and `%=` rebind (TensorFlow 2.21).
RAISING = frozenset({"+", "-", "*", "/", "**", "@"})
LARGEST_CONSTANT = 10**9


class Operators(Comparisons):
    """The operators."""

    def binary(self, op: str, left: Value, right: Value, at: Place) -> Value:
        """Compute `left op right`."""
        if isinstance(left, Const) and isinstance(right, Const):
            folded = fold(ARITHMETIC[op], left.value, right.value)
            if folded is not None:
                return folded
        joined = self.container_sum(op, left, right, at)
        if joined is not None:
            return joined
        if op in ("+", "|") and any(is_some_container(v) for v in (left, right)):
            pairs = itertools.product(options_of(left), options_of(right))
            return self.join_all([self.binary(op, a, b, at) for a, b in pairs])
        symbolic = self.symbolic_in([left, right])
        if symbolic is not None:

            def apply(machine: Calls, given: Arguments) -> Value:
                a, b = given.positional
                assert isinstance(machine, Operators)
                return machine.binary(op, a, b, given.place)

            return Symbolic(Native(op, apply), (left, right), at)
        for owner, other, name in (
            (left, right, f"__{SPECIAL.get(op, op)}__"),
            (right, left, f"__r{SPECIAL.get(op, op)}__"),
        ):
            if isinstance(owner, Instance):
                method = self.class_attribute(owner.cls, name)
                if isinstance(method, FunctionValue):
                    return self.call(BoundMethod(method, owner), Arguments((other,), {}, at))
        return self.arithmetic(op, left, right, at)

    def arithmetic(self, op: str, left: Value, right: Value, at: Place) -> Value:
        if NONE in (left, right):
            # Python raises; on another path the value is there.
            return self.unknown(op, [left, right], at)
        if op == "-":
            updates.examine_difference(self, left, right, at)
        kind = self.kind_of([left, right])
        inputs = [("x", self.operand(left, at)), ("y", self.operand(right, at))]
        a, b = shape_of(left), shape_of(right)
        shape = product(a, b) if op == "@" else broadcast(a, b)
        is_column = shape is None and op != "@" and combine_to_column((left, right))
        if op == "//" and kind is Kind.TENSOR:
            # floordiv has no gradient (TensorFlow 2.21: None), `%` has one.
            made = self.record(op, inputs, at, effect=Effect.CUT, reason=Reason.OP)
            return Data(made.node, shape, is_column)
        dtype = None
        if op == "/" and kind is not Kind.UNKNOWN:
            probe = self.record(op, inputs, at, kind=kind)
            if probe.dtype is DType.INT:
                dtype = DType.FLOAT
            if dtype is None:
                return Data(probe.node, shape, is_column)
        made = self.record(op, inputs, at, dtype=dtype, kind=kind)
        return self.with_kind(Data(made.node, shape, is_column), kind)

    def operand(self, value: Value, at: Place) -> Value:
        """Return an operand; of an object outside the project nobody knows what it depends on."""
        return self.unknown("operand", [value], at) if self.is_opaque(value) else value

    def is_opaque(self, value: Value) -> bool:
        raise NotImplementedError

    def with_kind(self, made: Data, kind: Kind) -> Data:
        if kind is Kind.UNKNOWN:
            # Made from its operands alone, whatever they are.
            made.node.recorded, _ = self.state.recording()
        return made

    def container_sum(self, op: str, left: Value, right: Value, at: Place) -> Value | None:
        """Return the concatenation or repetition of lists and tuples; None for anything else."""
        if op == "+" and isinstance(left, Tuple | Box) and isinstance(right, Tuple | Box):
            a, b = self.elements(left), self.elements(right)
            assert a is not None
            assert b is not None
            if isinstance(left, Tuple) and isinstance(right, Tuple):
                return Tuple((*left.elements, *right.elements))
            if a.rest is None:
                return self.sequence("list", (*a.values, *b.values), b.rest)
            rest = self.join_all([a.rest, *b.values, *([b.rest] if b.rest is not None else [])])
            return self.sequence("list", a.values, rest)
        if op == "+" and isinstance(left, Tuple | Box) and is_unknown(right):
            a = self.elements(left)
            assert a is not None
            rest = self.any_element(right, at)
            if a.rest is not None:
                rest = self.join_values(a.rest, rest)
            return self.sequence("list", a.values, rest)
        if op == "+" and is_unknown(left) and isinstance(right, Tuple | Box):
            # for: foreign.trainable_variables + own.trainable_variables
            b = self.elements(right)
            assert b is not None
            if any(isinstance(v, VariableValue | Instance) for v in b.values):
                more = [*b.values, *([b.rest] if b.rest is not None else [])]
                return self.sequence("list", (), self.join_all([self.any_element(left, at), *more]))
            if b.rest is not None or any(isinstance(v, Data) for v in b.values):
                return self.unknown("+", [left, right], at)
        if op == "*":
            for items, count in ((left, right), (right, left)):
                if isinstance(items, Tuple | Box) and not isinstance(count, Tuple | Box):
                    if isinstance(items, Box) and items.kind == "dict":
                        continue
                    if self.kind_of([count]) in (Kind.TENSOR, Kind.ARRAY):
                        return None
                    known = self.elements(items)
                    assert known is not None
                    if isinstance(count, Const) and isinstance(count.value, int):
                        repeated = known.values * min(max(count.value, 0), 64)
                        if isinstance(items, Tuple):
                            return Tuple(repeated)
                        return self.sequence("list", repeated, known.rest)
                    everything = [*known.values, *([known.rest] if known.rest else [])]
                    return self.sequence(
                        "list", (), self.join_all(everything) if everything else None
                    )
        if op == "|" and isinstance(left, Box) and isinstance(right, Box):
            a, b = self.contents(left), self.contents(right)
            if a.keys is not None and b.keys is not None:
                return self.fill(Box("dict"), self.overlay(a, b))
        if op == "%" and isinstance(left, Const) and isinstance(left.value, str):
            return self.text([right], at)
        return None

    def negated(self, op: str, value: Value, at: Place) -> Value:
        if isinstance(value, Const):
            folded = fold(SIGNS[op], value.value)
            if folded is not None:
                return folded
        if isinstance(value, Symbolic):

            def apply(machine: Calls, given: Arguments) -> Value:
                assert isinstance(machine, Operators)
                return machine.negated(op, given.positional[0], given.place)

            return Symbolic(Native(op, apply), (value,), at)
        if isinstance(value, Instance):
            method = self.class_attribute(value.cls, "__neg__")
            if isinstance(method, FunctionValue):
                return self.call(BoundMethod(method, value), Arguments((), {}, at))
        kind = self.kind_of([value])
        made = self.record(f"{op}x", [("x", value)], at, kind=kind)
        return self.with_kind(Data(made.node, shape_of(value), is_column(value)), kind)

    def text(self, parts: Sequence[Value], at: Place) -> Value:
        """Return a string formatted from values: their gradient ends here."""
        if parts and all(isinstance(p, Const) and isinstance(p.value, str) for p in parts):
            return Const("".join(p.value for p in parts if isinstance(p, Const)))
        return self.record(
            "format",
            [("", p) for p in parts],
            at,
            dtype=DType.STRING,
            kind=Kind.PYTHON,
            effect=Effect.CUT,
            reason=Reason.PYTHON,
        )

    def augmented(self, value: Value, change: Value, statement: ir.Augment) -> Value:
        at = statement.at
        if isinstance(value, VariableValue) and value.library == "tf" and statement.op in RAISING:
            self.observe(
                VariableAugmented(
                    at, value.node.label or statement.target.at.text(), statement.op, value.node
                )
            )
            return value
        if isinstance(value, Instance):
            method = self.class_attribute(value.cls, f"__i{SPECIAL[statement.op]}__")
            if isinstance(method, FunctionValue):
                return self.call(BoundMethod(method, value), Arguments((change,), {}, at))
        if isinstance(value, Box) and statement.op in ("+", "|"):
            known = self.elements(change)
            if known is None and value.kind != "dict":
                known = Contents((), None, self.any_element(change, at))
            if isinstance(change, Box) and value.kind == "dict":
                self.fill(value, self.overlay(self.contents(value), self.contents(change)))
                return value
            if known is not None:
                for element in known.values:
                    self.append(value, element)
                if known.rest is not None:
                    contents = self.contents(value)
                    rest = self.with_rest(contents, known.rest)
                    self.fill(value, Contents(contents.values, contents.keys, rest))
                return value
        if isinstance(value, Data) and value.kind is Kind.ARRAY:
            inside = [leaf for leaf in self.leaves(change) if leaf.is_tensor]
            if inside and self.kind_of([change]) is Kind.TENSOR:
                # `array += tensor` gives a tensor (TensorFlow 2.21).
                return self.binary(statement.op, value, change, at)
            result = self.binary(statement.op, value, change, at)
            if isinstance(result, Data):
                value.node.edges = (*value.node.edges, *(Edge(x) for x in self.leaves(change)))
            return result
        return self.binary(statement.op, value, change, at)


def is_some_container(value: Value) -> bool:
    """Whether a value is a list, a tuple or a dict, but not known which."""
    return isinstance(value, Union) and any(isinstance(o, Tuple | Box) for o in value.options)


def is_unknown(value: Value) -> bool:
    """Whether nothing is known of a value."""
    return isinstance(value, Data) and value.kind is Kind.UNKNOWN


def fold(function: Callable[..., object], *values: object) -> Const | None:
    """Compute with constants as Python would; None where that fails or grows out of hand."""
    for value in values:
        if isinstance(value, int) and abs(value) > LARGEST_CONSTANT:
            return None
        if isinstance(value, str | bytes | tuple) and len(value) > 10_000:
            return None
    if function is operator.pow and isinstance(values[1], int) and abs(values[1]) > 64:
        return None
    if function is operator.lshift:
        return None
    if function is operator.mod and isinstance(values[0], str | bytes):
        # for: "%1000000000d" % 1
        return None
    is_repeated = function is operator.mul and any(
        isinstance(v, str | bytes | tuple) for v in values
    )
    if is_repeated and any(isinstance(v, int) and v > 1000 for v in values):
        return None
    try:
        return Const(function(*values))
    except Exception:  # noqa: BLE001 - what Python would raise, folding declines
        return None
