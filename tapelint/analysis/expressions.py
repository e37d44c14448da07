"""Evaluates expressions: names, operators, conditions, displays, comprehensions."""

from __future__ import annotations

from collections.abc import Callable

from tapelint.analysis import ir, left_out, unread, updates
from tapelint.analysis.displays import Displays
from tapelint.analysis.frames import Dead
from tapelint.analysis.graph import DType, Effect, Kind, Reason
from tapelint.analysis.state import State
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    ClassValue,
    Const,
    Deferred,
    FunctionValue,
    NoGradient,
    SliceValue,
    Union,
    Value,
    options_of,
)


class Expressions(Displays):
    """The expression half of the interpreter."""

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

    # ------------------------------------------------------------------ conditions

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
            left_out.note(self, [expression.otherwise if known else expression.then])
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

    # ------------------------------------------------------------------ augmented assignment

    def run_augment(self, statement: ir.Augment) -> None:
        target = statement.target
        value = self.evaluate(target)
        change = self.evaluate(statement.value)
        result = self.augmented(value, change, statement)
        if result is not value:
            self.bind_target(target, result, statement.at)
