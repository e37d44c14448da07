"""Compares values and asks whether they are true, as far as the outcome is known."""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Sequence

from tapelint.analysis.contexts import Contexts
from tapelint.analysis.graph import DType, Effect, Kind, Reason
from tapelint.analysis.ir import Place
from tapelint.analysis.ranges import Ranges
from tapelint.analysis.shapes import broadcast, shape_of
from tapelint.analysis.values import (
    NONE,
    BoundMethod,
    Box,
    ClassValue,
    Const,
    Data,
    DTypeValue,
    External,
    FunctionValue,
    Instance,
    Native,
    NoGradient,
    Symbolic,
    TapeValue,
    Tuple,
    Union,
    Value,
    VariableValue,
)

COMPARISONS: dict[str, Callable[..., object]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda a, b: a in b,
    "not in": lambda a, b: a not in b,
    "is": operator.is_,
    "is not": operator.is_not,
}
# Names below these are functions, classes and modules, no settings of a program.
CALLABLES = ("builtins.", "tf.", "keras.", "np.", "math.", "tfp.")


class Comparisons(Contexts):
    """Comparisons, truth, and the kind of what is computed from values."""

    def kind_of(self, values: Sequence[Value]) -> Kind:
        """Return what arithmetic over the values gives: one tensor makes the result a tensor."""
        kinds: set[Kind] = set()
        for value in values:
            match value:
                case VariableValue():
                    kinds.add(Kind.TENSOR)
                case Data():
                    kind = value.kind
                    if kind is Kind.JOIN:
                        kind = self.joined_kind(value)
                    kinds.add(kind)
                case Union():
                    kinds.add(self.kind_of(value.options))
                case Tuple():
                    if value.elements:
                        kinds.add(self.kind_of(value.elements))
                case Instance() | NoGradient():
                    kinds.add(Kind.UNKNOWN)
                case External() if not value.name.startswith(CALLABLES):
                    kinds.add(Kind.UNKNOWN)
                case Box():
                    known = self.elements(value)
                    if known is not None and known.values:
                        kinds.add(self.kind_of(known.values))
                case _:
                    pass
        for kind in (Kind.VARIABLE, Kind.TENSOR):
            if kind in kinds:
                return Kind.TENSOR
        for kind in (Kind.UNKNOWN, Kind.ARRAY):
            if kind in kinds:
                return kind
        return Kind.PYTHON

    def joined_kind(self, value: Data) -> Kind:
        kinds = set()
        stack = [value.node]
        seen = set()
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            if node.kind is Kind.JOIN:
                stack.extend(e.parent for e in node.edges)
            else:
                kinds.add(Kind.TENSOR if node.kind is Kind.VARIABLE else node.kind)
        if kinds == {Kind.TENSOR}:
            return Kind.TENSOR
        return kinds.pop() if len(kinds) == 1 else Kind.UNKNOWN

    def compared(self, op: str, left: Value, right: Value, at: Place) -> Value:
        known = self.compared_known(op, left, right)
        if known is not None:
            return Const(known)
        if op in ("is", "is not", "in", "not in"):
            return self.record(
                op,
                [("x", left), ("y", right)],
                at,
                dtype=DType.BOOL,
                kind=Kind.PYTHON,
                effect=Effect.CUT,
                reason=Reason.CONTROL,
            )
        kind = self.kind_of([left, right])
        made = self.record(
            op,
            [("x", left), ("y", right)],
            at,
            dtype=DType.BOOL,
            kind=Kind.PYTHON if kind is Kind.UNKNOWN else kind,
            effect=Effect.CUT,
            reason=Reason.THRESHOLD,
        )
        return Data(made.node, broadcast(shape_of(left), shape_of(right)))

    def compared_known(self, op: str, left: Value, right: Value) -> bool | None:
        if isinstance(left, Const) and isinstance(right, Const):
            try:
                return bool(COMPARISONS[op](left.value, right.value))
            except Exception:  # noqa: BLE001 - a comparison may raise anything
                return None
        if isinstance(left, DTypeValue) and isinstance(right, DTypeValue) and op in ("==", "!="):
            if left.name and right.name:
                return (left.name == right.name) == (op == "==")
            return None
        if op in ("is", "is not"):
            same = self.is_same(left, right)
            return None if same is None else same == (op == "is")
        if op in ("==", "!=") and self.is_member(left) and self.is_member(right):
            return (left is right) == (op == "==")
        if op in ("==", "!=") and NONE in (left, right):
            other = right if left == NONE else left
            same = self.is_same(other, NONE)
            return None if same is None else same == (op == "==")
        if op in ("in", "not in"):
            contents = self.contents(right) if isinstance(right, Box) else self.elements(right)
            if contents is None:
                return None
            known, key = self.key(left)
            keys: Sequence[Hashable] | None = contents.keys
            if keys is None:
                pairs = [self.key(v) for v in contents.values]
                if not all(k for k, _ in pairs):
                    return None
                keys = [k for _, k in pairs]
            if key in contents.optional:
                return None
            # What path a variable has is not known.
            is_path = isinstance(key, str) and any(
                isinstance(k, tuple) and k[:1] == ("path",) for k in keys
            )
            if known and not is_path and (key in keys or contents.rest is None):
                return (key in keys) == (op == "in")
            return None
        return None

    def is_same(self, left: Value, right: Value) -> bool | None:
        if isinstance(left, Union):
            outcomes = {self.is_same(o, right) for o in left.options}
            return outcomes.pop() if len(outcomes) == 1 else None
        if right == NONE or left == NONE:
            other = left if right == NONE else right
            if isinstance(other, NoGradient):
                return True
            if isinstance(other, Const):
                return other.value is None
            if isinstance(other, Data):
                return None if other.kind in (Kind.UNKNOWN, Kind.JOIN) else False
            if isinstance(other, External):
                return False if other.name.startswith(CALLABLES) else None
            return False
        if isinstance(left, Const) and isinstance(right, Const):
            return left.value is right.value or left.value == right.value
        if self.is_member(left) and self.is_member(right):
            return left is right
        if left is right:
            return None if isinstance(left, Data) and left.kind is Kind.UNKNOWN else True
        return None

    def is_member(self, value: Value) -> bool:
        """Whether a value is a member of an enumeration."""
        return isinstance(value, Instance) and (value.identity, "<member>") in self.state.cells

    def truth(self, value: Value) -> bool | None:
        """Return whether a value counts as true, None where that is not known."""
        match value:
            case Const():
                try:
                    return bool(value.value)
                except Exception:  # noqa: BLE001 - a truth value may raise anything
                    return None
            case NoGradient():
                return False
            case Tuple():
                return bool(value.elements)
            case Box(kind="dict" | "list" | "set" | "tuple"):
                contents = self.contents(value)
                if contents.values:
                    return True
                return False if contents.rest is None else None
            case FunctionValue() | ClassValue() | BoundMethod() | TapeValue() | Native():
                return True
            case External():
                # Functions and modules are true; a setting of somebody's may be anything.
                return True if value.name.startswith(CALLABLES) else None
            case Instance() if (value.identity, "<data>") in self.state.cells:
                return None
            case Instance() if isinstance(value.cls, ClassValue):
                has = self.class_attribute(value.cls, "__bool__") or self.class_attribute(
                    value.cls, "__len__"
                )
                return None if has is not None or self.has_unknown_base(value.cls) else True
            case Union():
                outcomes = {self.truth(o) for o in value.options}
                return outcomes.pop() if len(outcomes) == 1 else None
            case Data():
                # for: if x > 0.0, with x = tf.constant(2.0)
                return Ranges(self.contents).truth(value.node)
            case _:
                return None

    def symbolic_in(self, values: Sequence[Value]) -> Symbolic | None:
        """Return the first KerasTensor among the arguments."""
        for value in values:
            if isinstance(value, Symbolic):
                return value
            if isinstance(value, Tuple | Box):
                known = self.elements(value)
                if known is not None:
                    found = self.symbolic_in(known.values)
                    if found is not None:
                        return found
        return None
