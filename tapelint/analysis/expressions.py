"""Evaluates expressions: names, operators, conditions, displays, comprehensions."""

from __future__ import annotations

import contextlib
import itertools
import operator
from collections.abc import Callable, Hashable, Iterator, Sequence

from tapelint.analysis import ir, unread, updates
from tapelint.analysis.calls import Calls
from tapelint.analysis.graph import DType, Edge, Effect, Kind, Reason
from tapelint.analysis.ir import Place
from tapelint.analysis.machine import Dead, Frame
from tapelint.analysis.observations import VariableAugmented
from tapelint.analysis.ranges import Ranges
from tapelint.analysis.shapes import broadcast, combine_to_column, is_column, product, shape_of
from tapelint.analysis.state import Contents, State
from tapelint.analysis.values import (
    NONE,
    Arguments,
    BoundMethod,
    Box,
    ClassValue,
    Const,
    Data,
    Deferred,
    DTypeValue,
    External,
    FunctionValue,
    Instance,
    Native,
    NoGradient,
    SliceValue,
    Symbolic,
    TapeValue,
    Tuple,
    Union,
    Value,
    VariableValue,
    fresh,
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
SPECIAL = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod",
    "**": "pow", "@": "matmul", "&": "and", "|": "or", "^": "xor", "<<": "lshift", ">>": "rshift",
    "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq",
}  # fmt: skip
# `v += d` on a tf.Variable raises for these; `//=` and `%=` rebind (TensorFlow 2.21).
RAISING = frozenset({"+", "-", "*", "/", "**", "@"})
# Names below these are functions, classes and modules, no settings of a program.
CALLABLES = ("builtins.", "tf.", "keras.", "np.", "math.", "tfp.")
LARGEST_CONSTANT = 10**9


class Expressions(Calls):
    """The expression half of the interpreter."""

    # ------------------------------------------------------------------ names

    def lookup(self, name: str) -> Value | None:
        frame = self.frame
        cells = self.state.cells
        for identity in (frame.identity, *frame.enclosing):
            found: Value | None = cells.get((identity, name))
            if found is not None:
                return found
        return None

    def set_name(self, name: str, value: Value) -> None:
        self.state.cells[(self.home_of(name), name)] = value

    def home_of(self, name: str) -> int:
        """Return the frame an assignment to the name goes to."""
        frame = self.frame
        if frame.function is not None:
            if name in frame.function.global_names:
                return self.module_frame(frame)
            if name in frame.function.nonlocal_names:
                for identity in frame.enclosing:
                    if (identity, name) in self.state.cells:
                        return identity
        return frame.identity

    def module_frame(self, frame: Frame) -> int:
        return frame.enclosing[-1] if frame.enclosing else frame.identity

    # ------------------------------------------------------------------ dispatch

    def evaluate(self, expression: ir.Expr) -> Value:
        self.step()
        match expression:
            case ir.Constant():
                return Const(expression.value)
            case ir.Name():
                found = self.lookup(expression.id)
                if self.unread:
                    unread.note_read(self, found)
                if isinstance(found, Deferred):
                    return self.resolved(found)
                return found if found is not None else self.builtin(expression)
            case ir.Attribute():
                value = self.evaluate(expression.value)
                return self.attribute(value, expression.name, expression.at)
            case ir.Subscript():
                value = self.evaluate(expression.value)
                index = self.evaluate(expression.index)
                return self.item(value, index, expression.at)
            case ir.Call():
                return self.evaluate_call(expression)
            case ir.Binary():
                left = self.evaluate(expression.left)
                right = self.evaluate(expression.right)
                return self.binary(expression.op, left, right, expression.at)
            case ir.Unary():
                return self.unary(expression)
            case ir.Compare():
                return self.compare(expression)
            case ir.Boolean():
                return self.boolean(expression)
            case ir.Conditional():
                return self.conditional(expression)
            case ir.Display():
                return self.display(expression)
            case ir.DictDisplay():
                return self.dict_display(expression)
            case ir.Comprehension():
                return self.comprehension(expression)
            case ir.Lambda():
                self.frame.is_captured = True
                frame = self.frame
                closure = frame.enclosing if frame.is_class else (frame.identity, *frame.enclosing)
                return self.function_value(expression.function, closure, None)
            case ir.Slice():
                bounds = [
                    None if b is None else self.evaluate(b)
                    for b in (expression.lower, expression.upper, expression.step)
                ]
                return SliceValue(*bounds)
            case ir.Walrus():
                value = self.evaluate(expression.value)
                frame = self.frame
                self.frames.append(self.function_frame())
                try:
                    self.set_name(expression.target.id, value)
                finally:
                    self.frames.pop()
                del frame
                return value
            case ir.Format():
                return self.format(expression)
            case ir.Await():
                return self.evaluate(expression.value)
            case ir.Yield():
                return self.evaluate_yield(expression)
            case ir.Starred():
                return self.evaluate(expression.value)

    def resolved(self, value: Deferred) -> Value:
        raise NotImplementedError

    def builtin(self, expression: ir.Name) -> Value:
        raise NotImplementedError

    def function_value(
        self, lazy: ir.LazyFunction, closure: tuple[int, ...], owner: ClassValue | None
    ) -> FunctionValue:
        """Make a function, with the defaults that have to be worked out where it is defined."""
        defaults = tuple(
            (parameter.name, self.evaluate(parameter.default))
            for parameter in lazy.early_defaults
            if parameter.default is not None
        )
        return FunctionValue(lazy, closure, self.frame.module, owner, defaults=defaults)

    def evaluate_yield(self, expression: ir.Yield) -> Value:
        value = NONE if expression.value is None else self.evaluate(expression.value)
        frame = self.function_frame()
        on_yield = frame.on_yield
        if callable(on_yield):
            frame.on_yield = None
            if not on_yield(value):
                raise Dead
        elif expression.is_from:
            known = self.elements(value)
            if known is not None:
                frame.yields.extend(known.values)
                if known.rest is not None:
                    frame.yields.append(known.rest)
                    frame.is_inexact = True
            else:
                frame.yields.append(self.any_element(value, expression.at))
                frame.is_inexact = True
        else:
            frame.yields.append(value)
        return self.unknown("yield", [], expression.at)

    # ------------------------------------------------------------------ calls

    def evaluate_call(self, expression: ir.Call) -> Value:
        if (
            isinstance(expression.function, ir.Name)
            and expression.function.id == "super"
            and self.lookup("super") is None
        ):
            found = self.super_of()
            if found is not None:
                return found
        function = self.evaluate(expression.function)
        return self.call(function, self.arguments(expression))

    def arguments(self, expression: ir.Call) -> Arguments:
        """Evaluate the arguments of a call, star arguments taken apart where they are known."""
        positional: list[Value] = []
        keywords: dict[str, Value] = {}
        is_open = False
        for argument in expression.arguments:
            value = self.evaluate(argument.value)
            if argument.star == "*":
                known = self.elements(value)
                if known is None or known.rest is not None:
                    is_open = True
                    if known is not None:
                        positional.extend(known.values)
                    # What is called may be handed any of the rest.
                    self.escape(value)
                else:
                    positional.extend(known.values)
            elif argument.star == "**":
                contents = self.contents(value) if isinstance(value, Box) else None
                is_exact = contents is not None and contents.rest is None
                if contents is None or not is_exact or contents.optional:
                    is_open = True
                    self.escape(value)
                if contents is None or contents.keys is None:
                    continue
                sure, _ = self.split_optional(contents)
                keywords.update((str(key), item) for key, item in sure)
            elif argument.keyword is not None:
                keywords[argument.keyword] = value
            else:
                positional.append(value)
        return Arguments(tuple(positional), keywords, expression.at, is_open)

    # ------------------------------------------------------------------ operators

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
                assert isinstance(machine, Expressions)
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

    def unary(self, expression: ir.Unary) -> Value:
        value = self.evaluate(expression.operand)
        if expression.op == "not":
            known = self.truth(value)
            if known is not None:
                return Const(not known)
            return self.record(
                "not",
                [("x", value)],
                expression.at,
                dtype=DType.BOOL,
                kind=Kind.PYTHON,
                effect=Effect.CUT,
                reason=Reason.CONTROL,
            )
        return self.negated(expression.op, value, expression.at)

    def negated(self, op: str, value: Value, at: Place) -> Value:
        if isinstance(value, Const):
            folded = fold(SIGNS[op], value.value)
            if folded is not None:
                return folded
        if isinstance(value, Symbolic):

            def apply(machine: Calls, given: Arguments) -> Value:
                assert isinstance(machine, Expressions)
                return machine.negated(op, given.positional[0], given.place)

            return Symbolic(Native(op, apply), (value,), at)
        if isinstance(value, Instance):
            method = self.class_attribute(value.cls, "__neg__")
            if isinstance(method, FunctionValue):
                return self.call(BoundMethod(method, value), Arguments((), {}, at))
        kind = self.kind_of([value])
        made = self.record(f"{op}x", [("x", value)], at, kind=kind)
        return self.with_kind(Data(made.node, shape_of(value), is_column(value)), kind)

    def compare(self, expression: ir.Compare) -> Value:
        left = self.evaluate(expression.left)
        results: list[Value] = []
        for op, right_expression in zip(expression.ops, expression.rights, strict=True):
            right = self.evaluate(right_expression)
            results.append(self.compared(op, left, right, expression.at))
            if NONE in (left, right):
                updates.note_question(self, left if right == NONE else right)
            left = right
        if len(results) == 1:
            return results[0]
        truths = [self.truth(r) for r in results]
        if False in truths:
            return Const(False)
        if all(t is True for t in truths):
            return Const(True)
        return next(r for r, t in zip(results, truths, strict=True) if t is None)

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

    # ------------------------------------------------------------------ conditions

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

    def narrow(self, test: ir.Expr, outcome: bool) -> None:
        """Keep of a union only the options for which the test comes out so."""
        match test:
            case ir.Unary(op="not"):
                self.narrow(test.operand, not outcome)
            case ir.Boolean(op="and") if outcome:
                for operand in test.operands:
                    self.narrow(operand, True)
            case ir.Boolean(op="or") if not outcome:
                for operand in test.operands:
                    self.narrow(operand, False)
            case ir.Compare(left=ir.Name() as name, ops=(op,), rights=(ir.Constant(value=None),)):
                wanted = outcome if op in ("is", "==") else not outcome
                self.keep(name.id, lambda v: self.is_same(v, NONE) in (wanted, None))
            case ir.Name():
                self.keep(test.id, lambda v: self.truth(v) in (outcome, None))
            case ir.Call(function=ir.Name(id="isinstance"), arguments=(first, second)) if (
                isinstance(first.value, ir.Name)
            ):
                cls = self.evaluate(second.value)
                self.keep(first.value.id, lambda v: self.is_instance(v, cls) in (outcome, None))
            case _:
                pass

    def keep(self, name: str, wanted: Callable[[Value], bool]) -> None:
        value = self.lookup(name)
        if not isinstance(value, Union):
            return
        kept = [o for o in value.options if wanted(o)]
        if kept and len(kept) < len(value.options):
            self.set_name(name, kept[0] if len(kept) == 1 else Union(tuple(kept)))

    def is_instance(self, value: Value, cls: Value) -> bool | None:
        raise NotImplementedError

    def boolean(self, expression: ir.Boolean) -> Value:
        stops_on = expression.op == "or"
        options: list[Value] = []
        for operand in expression.operands[:-1]:
            value = self.evaluate(operand)
            known = self.truth(value)
            if known is stops_on:
                return self.join_all([*options, value])
            if known is None:
                options.append(value)
            elif isinstance(value, NoGradient) and not options:
                continue
        last = self.evaluate(expression.operands[-1])
        # `x or default`: an option that is known to be falsy is not the result of `or`.
        kept = [
            o for option in options for o in options_of(option) if self.truth(o) in (stops_on, None)
        ]
        return self.join_all([*kept, last])

    def conditional(self, expression: ir.Conditional) -> Value:
        known = self.truth(self.evaluate(expression.test))
        if known is not None:
            return self.evaluate(expression.then if known else expression.otherwise)
        start = self.state
        ends: list[State] = []
        values: list[Value] = []
        for outcome, branch in ((True, expression.then), (False, expression.otherwise)):
            self.state = start.fork()
            self.narrow(expression.test, outcome)
            try:
                with self.on_condition():
                    values.append(self.evaluate(branch))
            except Dead:
                continue
            ends.append(self.state)
        merged = self.merge(ends)
        if merged is None:
            self.state = start
            raise Dead
        self.state = merged
        return self.join_all(values)

    # ------------------------------------------------------------------ displays

    def spread(self, expressions: Sequence[ir.Expr]) -> tuple[list[Value], Value | None]:
        """Evaluate the elements of a display; what an unknown `*x` adds comes second."""
        values: list[Value] = []
        rest: Value | None = None
        for expression in expressions:
            if isinstance(expression, ir.Starred):
                value = self.evaluate(expression.value)
                known = self.elements(value)
                if known is None:
                    more = self.any_element(value, expression.at)
                    rest = more if rest is None else self.join_values(rest, more)
                    continue
                self.spend(value)
                values.extend(known.values)
                if known.rest is not None:
                    rest = known.rest if rest is None else self.join_values(rest, known.rest)
            else:
                values.append(self.evaluate(expression))
        return values, rest

    def display(self, expression: ir.Display) -> Value:
        values, rest = self.spread(expression.elements)
        if expression.kind == "tuple" and rest is None:
            return Tuple(tuple(values))
        return self.sequence("set" if expression.kind == "set" else "list", values, rest)

    def dict_display(self, expression: ir.DictDisplay) -> Value:
        made = Contents((), ())
        for key_expression, value_expression in expression.items:
            value = self.evaluate(value_expression)
            if key_expression is None:
                more = self.contents(value) if isinstance(value, Box) else None
                if more is None or more.keys is None:
                    more = Contents((), (), self.any_element(value, value_expression.at))
            else:
                known, key = self.key(self.evaluate(key_expression))
                more = Contents((value,), (key,)) if known else Contents((), (), value)
            made = self.overlay(made, more)
        return self.fill(Box("dict"), made)

    def format(self, expression: ir.Format) -> Value:
        parts = [self.evaluate(part) for part in expression.parts]
        words = [p.value for p in parts if isinstance(p, Const) and is_written_out(p.value)]
        if expression.is_plain and len(words) == len(parts):
            # for: f"w{i}"
            return Const("".join(map(str, words)))
        return self.text(parts, expression.at)

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

    # ------------------------------------------------------------------ comprehensions

    def comprehension(self, expression: ir.Comprehension) -> Value:
        if expression.kind == "generator":
            return self.pending(lambda: self.run_comprehension(expression))
        contents = self.run_comprehension(expression)
        kinds = {"list": "list", "set": "set", "dict": "dict"}
        return self.fill(Box(kinds[expression.kind]), contents)

    def run_comprehension(self, expression: ir.Comprehension) -> Contents:
        outer = self.frame
        enclosing = outer.enclosing if outer.is_class else (outer.identity, *outer.enclosing)
        frame = Frame(fresh(), None, None, enclosing, outer.module, parent=outer)
        frame.is_graph, frame.is_compiled = outer.is_graph, outer.is_compiled
        frame.receiver = outer.receiver
        pairs: list[tuple[Value | None, Value]] = []
        self.frames.append(frame)
        try:
            exact = self.run_clauses(expression, list(expression.clauses), pairs)
        finally:
            self.frames.pop()
        if frame.is_captured:
            # for: [lambda: w * x for w in ws]
            outer.is_captured = True
        else:
            for clause in expression.clauses:
                self.forget(frame, clause.target)
        if expression.kind == "dict":
            return self.dict_contents(pairs, exact)
        values = tuple(value for _, value in pairs)
        if exact:
            return Contents(values)
        if not values:
            return Contents((), None, self.unknown("element", [], expression.at))
        return Contents((), None, self.join_all(values))

    def forget(self, frame: Frame, target: ir.Expr) -> None:
        """Drop the names that a comprehension bound and nobody can ask for any more."""
        match target:
            case ir.Name():
                self.state.cells.pop((frame.identity, target.id), None)
            case ir.Display():
                for element in target.elements:
                    self.forget(frame, element)
            case ir.Starred():
                self.forget(frame, target.value)

    def dict_contents(self, pairs: list[tuple[Value | None, Value]], exact: bool) -> Contents:
        items: dict[Hashable, Value] = {}
        rest: Value | None = None
        for key_value, value in pairs:
            known, key = self.key(key_value) if key_value is not None else (False, None)
            if known:
                items[key] = value
            else:
                rest = value if rest is None else self.join_values(rest, value)
        if not exact and rest is None and items:
            rest = self.join_all(list(items.values()))
        return Contents(tuple(items.values()), tuple(items), rest)

    def run_clauses(
        self,
        expression: ir.Comprehension,
        clauses: list[ir.Clause],
        pairs: list[tuple[Value | None, Value]],
    ) -> bool:
        """Run the clauses from the first on; True when every element is told apart."""
        if not clauses:
            key = self.evaluate(expression.element)
            if expression.value is None:
                pairs.append((None, key))
            else:
                pairs.append((key, self.evaluate(expression.value)))
            return True
        clause = clauses[0]
        iterable = self.evaluate(clause.iterable)
        turns, exact = self.turns(iterable, clause.iterable.at)
        for turn in turns:
            self.bind_target(clause.target, turn(), clause.at)
            for index, inner in enumerate(self.passing(clause.conditions)):
                if inner is False:
                    break
                exact = exact and inner is True
                if index == len(clause.conditions) - 1:
                    known = contextlib.nullcontext() if exact else self.on_condition()
                    with known:
                        exact = self.run_clauses(expression, clauses[1:], pairs) and exact
            if not clause.conditions:
                exact = self.run_clauses(expression, clauses[1:], pairs) and exact
        return exact

    def passing(self, conditions: Sequence[ir.Expr]) -> Iterator[bool | None]:
        for condition in conditions:
            asked = self.asks_for_none
            known = self.truth(self.evaluate(condition))
            if isinstance(condition, ir.Compare) and condition.ops[0] in ("is not", "!="):
                # for: [g for g in gradients if g is not None]
                self.asks_for_none = asked
            if known is not False:
                self.narrow(condition, True)
            elif isinstance(condition, ir.Compare):
                updates.examine_filter(self, condition, self.evaluate(condition.left))
            yield known

    def bind_target(self, target: ir.Expr, value: Value, at: Place) -> None:
        raise NotImplementedError

    # ------------------------------------------------------------------ augmented assignment

    def run_augment(self, statement: ir.Augment) -> None:
        target = statement.target
        value = self.evaluate(target)
        change = self.evaluate(statement.value)
        result = self.augmented(value, change, statement)
        if result is not value:
            self.bind_target(target, result, statement.at)

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


def is_written_out(value: object) -> bool:
    """Whether a constant is a word or number, whose text is known."""
    return isinstance(value, str | int | float | None)


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
