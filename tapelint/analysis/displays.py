"""Evaluates displays, formatted strings and comprehensions."""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Iterator, Sequence

from tapelint.analysis import ir, left_out, updates
from tapelint.analysis.frames import Frame
from tapelint.analysis.ir import Place
from tapelint.analysis.operators import Operators
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    Box,
    Const,
    Tuple,
    Value,
    fresh,
)


class Displays(Operators):
    """What is written out element by element."""

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
                    parts = (expression.element, expression.value)
                    left_out.note(self, [part for part in parts if part is not None])
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

    def narrow(self, test: ir.Expr, outcome: bool) -> None:
        raise NotImplementedError

    def bind_target(self, target: ir.Expr, value: Value, at: Place) -> None:
        raise NotImplementedError


def is_written_out(value: object) -> bool:
    """Whether a constant is a word or number, whose text is known."""
    return isinstance(value, str | int | float | None)
