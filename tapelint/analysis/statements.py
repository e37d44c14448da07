"""Runs statements: control flow, scopes, and the joining of what different paths leave behind."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from tapelint.analysis import ir, lost_updates, persistence, unread
from tapelint.analysis.expressions import Expressions
from tapelint.analysis.graph import DType, Kind, Node, Rebinding, past
from tapelint.analysis.machine import Dead, Frame, Loop
from tapelint.analysis.state import Contents, State
from tapelint.analysis.values import (
    NONE,
    Arguments,
    BoundMethod,
    Box,
    ClassValue,
    Const,
    Data,
    External,
    FunctionValue,
    Instance,
    Native,
    Tuple,
    Union,
    Value,
    VariableValue,
    fresh,
)

# Loops over so many known elements are run in full, others twice.
UNROLLED = 6
NAMED_TUPLES = ("typing.NamedTuple", "typing_extensions.NamedTuple")


class Statements(Expressions):
    """The statement half of the interpreter."""

    # ------------------------------------------------------------------ blocks

    def run_block(self, body: Sequence[ir.Stmt]) -> bool:
        """Run statements in order; False when the end is not reached."""
        for statement in body:
            try:
                self.step()
                self.run(statement)
            except Dead:
                return False
        return True

    def run(self, statement: ir.Stmt) -> None:
        """Run one statement; raises `Dead` where nothing follows it."""
        match statement:
            case ir.Evaluate():
                self.evaluate(statement.value)
            case ir.Assign():
                value = self.evaluate(statement.value)
                for target in statement.targets:
                    self.bind(target, value, statement.at)
            case ir.Annotate():
                self.run_annotate(statement)
            case ir.Augment():
                self.run_augment(statement)
            case ir.If():
                self.run_if(statement)
            case ir.For():
                self.run_for(statement)
            case ir.While():
                self.run_while(statement)
            case ir.With():
                self.run_with(statement)
            case ir.Try():
                self.run_try(statement)
            case ir.Match():
                self.run_match(statement)
            case ir.Return():
                value = NONE if statement.value is None else self.evaluate(statement.value)
                frame = self.function_frame()
                frame.returns.append((self.state, value))
                frame.returned.append((statement.at, value))
                raise Dead
            case ir.Raise():
                if statement.value is not None:
                    self.evaluate(statement.value)
                self.die()
            case ir.Break():
                self.leave_loop(lambda loop: loop.breaks)
            case ir.Continue():
                self.leave_loop(lambda loop: loop.continues)
            case ir.Define():
                self.run_define(statement)
            case ir.DefineClass():
                self.run_class(statement)
            case ir.Import() | ir.ImportFrom():
                self.run_import(statement)
            case ir.Delete():
                for target in statement.targets:
                    if isinstance(target, ir.Name):
                        persistence.note_deleted(self, self.lookup(target.id))
                    self.unbind(target)
            case ir.Assert():
                if self.truth(self.evaluate(statement.test)) is False:
                    self.die()

    def leave_loop(self, ends: Callable[[Loop], list[State]]) -> None:
        if self.frame.loops:
            ends(self.frame.loops[-1]).append(self.state)
        raise Dead

    def fork_run(self, state: State, body: Callable[[], object]) -> State | None:
        """Run something from a given state; the state after it, or None when it ended."""
        self.state = state
        try:
            if body() is False:
                return None
        except Dead:
            return None
        return self.state

    def fork_block(self, state: State, body: Sequence[ir.Stmt]) -> State | None:
        """Run a block from a given state, as `fork_run` does."""
        return self.fork_run(state, lambda: self.run_block(body))

    def resume(self, states: Sequence[State | None]) -> None:
        """Go on from whichever states are alive."""
        merged = self.merge(states)
        if merged is None:
            raise Dead
        self.state = merged

    # ------------------------------------------------------------------ branches

    def run_if(self, statement: ir.If) -> None:
        test = self.evaluate(statement.test)
        decided = self.truth(test)
        if decided is not None:
            self.narrow(statement.test, decided)
            skipped = statement.otherwise if decided else statement.then
            self.skips_code |= bool(skipped) and len(self.frames) == 1
            if not self.run_block(statement.then if decided else statement.otherwise):
                raise Dead
            return
        start = self.state

        def branch(outcome: bool, body: Sequence[ir.Stmt]) -> bool:
            self.narrow(statement.test, outcome)
            return self.run_block(body)

        with self.on_condition():
            then = self.fork_run(start.fork(), lambda: branch(True, statement.then))
            otherwise = self.fork_run(start.fork(), lambda: branch(False, statement.otherwise))
        self.resume([then, otherwise])

    def run_match(self, statement: ir.Match) -> None:
        subject = self.evaluate(statement.subject)
        ends: list[State | None] = []
        open_end = True
        for case in statement.cases:
            start = self.state
            self.state = start.fork()
            decided = self.matches(case.pattern, subject)
            if decided is not False and case.guard is not None:
                guard = self.truth(self.evaluate(case.guard))
                decided = guard if decided is True else (False if guard is False else None)
            if decided is False:
                self.state = start
                continue
            with self.on_condition() if decided is None else contextlib.nullcontext():
                ends.append(self.fork_block(self.state, case.body))
            self.state = start
            if decided is True:
                open_end = False
                break
        if open_end:
            ends.append(self.state)
        self.resume(ends)

    def matches(self, pattern: ir.Pattern, subject: Value) -> bool | None:
        """Bind what the pattern captures; True or False where the outcome is known."""
        match pattern:
            case ir.PatternBind():
                inner = True if pattern.pattern is None else self.matches(pattern.pattern, subject)
                if pattern.name is not None:
                    self.set_name(pattern.name, subject)
                return inner
            case ir.PatternValue():
                value = self.evaluate(pattern.value)
                return self.compared_known("==", subject, value)
            case ir.PatternOr():
                outcomes = [self.matches(p, subject) for p in pattern.alternatives]
                if True in outcomes:
                    return True
                return False if all(o is False for o in outcomes) else None
            case ir.PatternSequence():
                return self.matches_sequence(pattern, subject)
            case ir.PatternMapping():
                outcome: bool | None = True
                for key, inner_pattern in pattern.items:
                    item = self.item(subject, self.evaluate(key), pattern.at)
                    found = self.matches(inner_pattern, item)
                    outcome = found if outcome is True else outcome
                if pattern.rest is not None:
                    self.set_name(pattern.rest, subject)
                return None if outcome is not False else False
            case ir.PatternClass():
                cls = self.evaluate(pattern.cls)
                fields: tuple[str, ...] = ()
                if isinstance(cls, ClassValue):
                    fields = cls.fields
                for name, inner_pattern in (
                    *zip(fields, pattern.positional, strict=False),
                    *pattern.keywords,
                ):
                    self.matches(inner_pattern, self.attribute(subject, name, pattern.at))
                if not fields and len(pattern.positional) == 1:
                    self.matches(pattern.positional[0], subject)
                return self.is_instance(subject, cls)
            case ir.PatternStar():
                return True

    def matches_sequence(self, pattern: ir.PatternSequence, subject: Value) -> bool | None:
        values = self.unpacked(subject, len(pattern.elements), pattern.at)
        known = self.elements(subject)
        starred = any(isinstance(p, ir.PatternStar) for p in pattern.elements)
        outcome: bool | None = None
        if known is not None and known.rest is None:
            fits = len(known.values) == len(pattern.elements) or starred
            if not fits:
                return False
            outcome = True
        for inner, value in zip(pattern.elements, values, strict=False):
            if isinstance(inner, ir.PatternStar):
                if inner.name is not None:
                    self.set_name(inner.name, self.unknown("*", [subject], pattern.at))
                continue
            found = self.matches(inner, value)
            if found is not True and outcome is not False:
                outcome = found
        return outcome

    # ------------------------------------------------------------------ loops

    def run_for(self, statement: ir.For) -> None:
        iterable = self.evaluate(statement.iterable)
        turns, is_exact = self.turns(iterable, statement.iterable.at)
        if not turns:
            if not self.run_block(statement.otherwise):
                raise Dead
            return
        loop = Loop()
        before = self.state.fork()
        alive = True
        for number, turn in enumerate(turns):
            self.bind(statement.target, turn(), statement.at)
            if number == 1 and not is_exact:
                self.widen(before)
            alive = self.run_turn(loop, statement.body)
            if not alive:
                break
        self.end_loop(loop, alive, before if not is_exact else None, statement.otherwise)

    def run_while(self, statement: ir.While) -> None:
        loop = Loop()
        before = self.state.fork()
        alive = True
        for number in range(UNROLLED + 1):
            decided = self.truth(self.evaluate(statement.test))
            if decided is False:
                if not self.run_block(statement.otherwise):
                    alive = False
                self.end_loop(loop, alive, None, ())
                return
            if (decided is None and number >= 2) or number == UNROLLED:
                break
            if number == 1:
                self.widen(before)
            self.narrow(statement.test, True)
            alive = self.run_turn(loop, statement.body)
            if not alive:
                break
        forever = isinstance(statement.test, ir.Constant) and bool(statement.test.value)
        if forever and loop.breaks:
            alive = False
        self.end_loop(loop, alive, before, statement.otherwise)

    def run_turn(self, loop: Loop, body: Sequence[ir.Stmt]) -> bool:
        """Run a loop body once; False when no path reaches the next turn."""
        self.frame.loops.append(loop)
        ended = self.run_block(body)
        self.frame.loops.pop()
        states = [*loop.continues, self.state] if ended else list(loop.continues)
        loop.continues.clear()
        merged = self.merge(states)
        if merged is None:
            return False
        self.state = merged
        return True

    def end_loop(
        self, loop: Loop, alive: bool, widen: State | None, otherwise: Sequence[ir.Stmt]
    ) -> None:
        ends: list[State | None] = list(loop.breaks)
        if alive:
            if widen is not None:
                self.widen(widen)
            if self.run_block(otherwise):
                ends.append(self.state)
        self.resume(ends)

    def widen(self, before: State) -> None:
        """Forget what a loop counts: after it numbers and lengths are not what two turns made them."""
        for key in self.state.cells.differing(before.cells):
            value, old = self.state.cells[key], before.cells.get(key)
            if isinstance(value, Contents) and isinstance(old, Contents):
                if value.keys is None and len(value.values) > len(old.values):
                    self.grown.add(key)
                continue
            if not isinstance(value, Const) or isinstance(value.value, bool | str | bytes):
                continue
            if not isinstance(old, Const) or old.value is None:
                continue
            if value.value is not None and old.value != value.value:
                dtype = DType.INT if isinstance(value.value, int) else DType.FLOAT
                self.state.cells[key] = Data(self.node("counter", Kind.PYTHON, dtype, None))

    # ------------------------------------------------------------------ with, try

    def run_with(self, statement: ir.With) -> None:
        context = self.evaluate(statement.context)
        name = statement.context
        if not isinstance(context, Union) or not isinstance(name, ir.Name):
            self.with_context(context, statement)
            return
        # for: tape = tape or tf.GradientTape(); with tape: tape.watch(x)
        start = self.state
        ends = []
        for option in context.options:
            if not isinstance(option, Const):
                block = partial(self.with_option, option, name, statement)
                ends.append(self.fork_run(start.fork(), block))
        self.resume(ends)

    def with_option(self, option: Value, name: ir.Name, statement: ir.With) -> None:
        """Run a block whose context is one of several, by that name in the block too."""
        self.set_name(name.id, option)
        self.with_context(option, statement)

    def with_context(self, context: Value, statement: ir.With) -> None:
        """Enter, run the body, leave on every path that leaves the body."""

        def body(value: Value) -> bool:
            if statement.target is not None:
                self.bind(statement.target, value, statement.at)
            return self.run_block(statement.body)

        if not self.inside(context, statement.context.at, body):
            raise Dead

    def guarded(self, body: Callable[[], bool], leave: Callable[[], object]) -> bool:
        """Run a body and apply `leave` to every state it ends in, early exits included."""
        exits: list[list[State]] = []
        frame = self.function_frame()
        returned = len(frame.returns)
        loop = self.frame.loops[-1] if self.frame.loops else None
        if loop is not None:
            exits += [loop.breaks, loop.continues]
        if self.raised:
            exits.append(self.raised[-1])
        marks = [len(e) for e in exits]
        alive = body()
        after = self.state
        for states, mark in zip(exits, marks, strict=True):
            leaving = states[mark:]
            del states[mark:]
            for state in leaving:
                left = self.fork_run(state.fork(), leave)
                if left is not None:
                    states.append(left)
        # A `return` of its own replaces the one that was on its way.
        returning = frame.returns[returned:]
        del frame.returns[returned:]
        for state, value in returning:
            left = self.fork_run(state.fork(), leave)
            if left is not None:
                frame.returns.append((left, value))
        self.state = after
        return alive and leave() is not False

    def run_try(self, statement: ir.Try) -> None:
        if statement.final:
            if not self.guarded(
                lambda: self.try_body(statement), lambda: self.run_block(statement.final)
            ):
                raise Dead
        elif not self.try_body(statement):
            raise Dead

    def try_body(self, statement: ir.Try) -> bool:
        before = self.state.fork()
        caught: list[State] = []
        if statement.handlers:
            self.raised.append(caught)
        alive = self.run_block(statement.body)
        if statement.handlers:
            self.raised.pop()
        ends: list[State | None] = []
        after = self.state if alive else None
        if after is not None:
            start = after.fork()
            ends.append(
                self.fork_run(start, lambda: self.run_block(statement.otherwise))
                if statement.otherwise
                else after
            )
        for handler in statement.handlers:
            entry = self.merge([before.fork(), *(s.fork() for s in caught)])
            if entry is None:
                continue
            self.state = entry
            if handler.name is not None:
                self.set_name(handler.name, self.unknown("exception", [], handler.at))
            end = self.fork_block(self.state, handler.body)
            # A handler of an import or a mere fallback is the rarer path: its effects on names
            # that the body bound as well are only options.
            ends.append(end)
        merged = self.merge(ends)
        if merged is None:
            return False
        self.state = merged
        return True

    # ------------------------------------------------------------------ binding

    def run_annotate(self, statement: ir.Annotate) -> None:
        if isinstance(statement.target, ir.Name) and self.frame.is_class:
            text = statement.annotation.at.text()
            if "InitVar" in text:
                cells = self.state.cells
                cells[(self.frame.identity, f"<init>{statement.target.id}")] = Const(True)
            key = (self.frame.identity, "<annotations>")
            known: Value | None = self.state.cells.get(key)
            if "ClassVar" in text or "KW_ONLY" in text:
                known = None
            else:
                names = known.elements if isinstance(known, Tuple) else ()
                self.state.cells[key] = Tuple((*names, Const(statement.target.id)))
        if statement.value is not None:
            self.bind(statement.target, self.evaluate(statement.value), statement.at)

    def bind(self, target: ir.Expr, value: Value, at: ir.Place) -> None:
        """Store a value in an assignment target."""
        match target:
            case ir.Name():
                if self.results:
                    unread.note_name(self, value, target.id)
                old = self.lookup(target.id)
                if self.asked_for:
                    unread.note_clipped(self, value, target.id, at)
                    lost_updates.note(self, old, value, target.id, at)
                self.note_label(value, target.id)
                self.note_rebinding(old, value, target.id, at)
                self.set_name(target.id, value)
            case ir.Attribute():
                owner = self.evaluate(target.value)
                slot = target.at.text()
                if self.results:
                    unread.note_attribute(self, owner, value, target.name)
                self.note_label(value, slot)
                self.note_rebinding(self.peek(owner, target.name), value, slot, at)
                self.set_attribute(owner, target.name, value, target.at)
            case ir.Subscript():
                owner = self.evaluate(target.value)
                index = self.evaluate(target.index)
                self.note_label(value, item_label(target, index))
                if isinstance(owner, Box):
                    old = self.peek_item(owner, index)
                    self.note_rebinding(old, value, target.at.text(), at)
                self.set_item(owner, index, value, target.at)
            case ir.Display():
                self.unpack(target.elements, value, at)
            case ir.Starred():
                self.bind(target.value, value, at)
            case _:
                self.evaluate(target)

    def unpack(self, targets: Sequence[ir.Expr], value: Value, at: ir.Place) -> None:
        starred = [i for i, t in enumerate(targets) if isinstance(t, ir.Starred)]
        if not starred:
            values = self.unpacked(value, len(targets), at)
            # All values are taken before any name is bound: `a, b = b, a`.
            for target, part in zip(targets, values, strict=True):
                self.bind(target, part, at)
            return
        star = starred[0]
        tail = len(targets) - star - 1
        known = self.elements(value)
        if known is not None and known.rest is None and len(known.values) >= len(targets) - 1:
            values_known = known.values
            middle = self.sequence("list", values_known[star : len(values_known) - tail])
            parts = (*values_known[:star], middle, *values_known[len(values_known) - tail :])
        else:
            some = self.unpacked(value, len(targets), at)
            parts = (*some[:star], self.sequence("list", (), some[star]), *some[star + 1 :])
        for target, part in zip(targets, parts, strict=True):
            self.bind(target, part, at)

    def unbind(self, target: ir.Expr) -> None:
        match target:
            case ir.Name():
                self.state.cells.pop((self.frame.identity, target.id), None)
            case ir.Display():
                for element in target.elements:
                    self.unbind(element)
            case ir.Subscript():
                self.delete_item(self.evaluate(target.value), self.evaluate(target.index))
            case _:
                pass

    def note_rebinding(
        self, old: Value | None, new: Value, slot: str, at: ir.Place, depth: int = 0
    ) -> None:
        """Note that a slot which held a variable now holds a mere tensor."""
        if old is None or old is new or depth > 2:
            return
        match old, new:
            case VariableValue(), Data():
                if is_made_from(new.node, old.node):
                    new.node.rebound = Rebinding(slot, at, old.node)
            case Data(), Data():
                # A second turn: the tensor that once replaced a variable is replaced again.
                if old.node.rebound is not None and is_made_from(new.node, old.node):
                    new.node.rebound = old.node.rebound
            case Union(), _:
                for option in old.options:
                    self.note_rebinding(option, new, slot, at, depth + 1)
            case ((Tuple() | Box()), (Tuple() | Box())):
                before, after = self.elements(old), self.elements(new)
                if before is not None and after is not None:
                    for x, y in zip(before.values, after.values, strict=False):
                        self.note_rebinding(x, y, slot, at, depth + 1)
                    if before.rest is not None and after.rest is not None:
                        self.note_rebinding(before.rest, after.rest, slot, at, depth + 1)
            case _:
                pass

    # ------------------------------------------------------------------ definitions

    def run_define(self, statement: ir.Define) -> None:
        frame = self.frame
        frame.is_captured = True
        function = self.function_value(statement.function, self.closure(), self.class_being_made())
        self.set_name(statement.function.name, self.decorated(function))

    def decorated(self, function: FunctionValue) -> Value:
        """Apply decorators, innermost first."""
        value: Value = function
        for decorator in reversed(function.lazy.decorators):
            value = self.apply_decorator(self.evaluate(decorator), value, decorator.at)
        return value

    def closure(self) -> tuple[int, ...]:
        """Return the frames a function made here can see: class bodies are skipped."""
        frame = self.frame
        return frame.enclosing if frame.is_class else (frame.identity, *frame.enclosing)

    def class_being_made(self) -> ClassValue | None:
        found: ClassValue | None = self.state.cells.get((self.frame.identity, "<class>"))
        return found

    def run_class(self, statement: ir.DefineClass) -> None:
        bases: list[Value] = []
        keywords: dict[str, Value] = {}
        for argument in statement.arguments:
            base = self.evaluate(argument.value)
            if argument.keyword is None and argument.star == "":
                bases.append(base.options[0] if isinstance(base, Union) else base)
            elif argument.keyword not in (None, "metaclass"):
                keywords[str(argument.keyword)] = base
        identity = fresh()
        cls = ClassValue(statement.name, tuple(bases), identity, statement.at)
        outer = self.frame
        outer.is_captured = True
        frame = Frame(
            identity, None, None, self.closure(), outer.module, parent=outer, is_class=True
        )
        self.state.cells[(identity, "<class>")] = cls
        self.frames.append(frame)
        try:
            self.run_block(statement.body)
        finally:
            self.frames.pop()
        value: Value = self.class_with_fields(cls)
        for decorator in reversed(statement.decorators):
            value = self.apply_decorator(self.evaluate(decorator), value, decorator.at)
        if isinstance(value, ClassValue):
            self.state.cells[(identity, "<class>")] = value
            self.finish_class(value)
            self.announce(value, keywords)
        self.set_name(statement.name, value)

    def announce(self, cls: ClassValue, keywords: dict[str, Value]) -> None:
        """Run what is called when a class is made: `__set_name__` and `__init_subclass__`."""
        for name, value in self.attributes(cls.identity).items():
            method = (
                self.class_attribute(value.cls, "__set_name__")
                if isinstance(value, Instance)
                else None
            )
            if isinstance(method, FunctionValue):
                self.call(BoundMethod(method, value), Arguments((cls, Const(name)), {}, cls.place))
        for base in self.ancestry(cls)[1:]:
            if isinstance(base, ClassValue):
                hook = self.state.cells.get((base.identity, "__init_subclass__"))
                if isinstance(hook, FunctionValue):
                    self.call(BoundMethod(hook, cls), Arguments((), keywords, cls.place))
                    return

    def class_with_fields(self, cls: ClassValue) -> ClassValue:
        """Return a class with the fields that it would have as a dataclass or named tuple."""
        annotated = self.state.cells.get((cls.identity, "<annotations>"))
        names = [f for b in cls.bases if isinstance(b, ClassValue) for f in b.fields]
        if isinstance(annotated, Tuple):
            names += [str(e.value) for e in annotated.elements if isinstance(e, Const)]
        for name, value in self.attributes(cls.identity).items():
            if isinstance(value, Native) and value.name == "field":
                # for: x = attr.ib()
                names.append(name)
        if not names:
            return cls
        is_record = any(
            (isinstance(b, External) and b.name in NAMED_TUPLES)
            or (isinstance(b, ClassValue) and "namedtuple" in b.marks)
            for b in cls.bases
        )
        marks = frozenset({"namedtuple"}) if is_record else cls.marks
        return replace(cls, marks=marks, fields=tuple(dict.fromkeys(names)))

    def finish_class(self, cls: ClassValue) -> None:
        raise NotImplementedError

    def run_import(self, statement: ir.Import | ir.ImportFrom) -> None:
        for name, value in self.imported(statement):
            self.set_name(name, value)

    def instance_class(self, value: Value) -> Value | None:
        return value.cls if isinstance(value, Instance) else None


def item_label(target: ir.Subscript, index: Value) -> str:
    """Return what to call an item: by its key where that is known, else as it is written."""
    match index:
        case Const(value=str() as key):
            return f'{target.value.at.text()}["{key}"]'
        case Const(value=int() as key):
            return f"{target.value.at.text()}[{key}]"
        case _:
            return target.at.text()


def is_made_from(new: Node, old: Node) -> bool:
    """Whether a tensor is what became of another value, not just anything under the same name."""
    return new is not old and new.kind in (Kind.TENSOR, Kind.JOIN) and old in past([new])
