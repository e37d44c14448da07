"""Runs statements: control flow, scopes, and the joining of what different paths leave behind."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial

from tapelint.analysis import ir, left_out, persistence
from tapelint.analysis.frames import Dead, Loop
from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.items import UNROLLED
from tapelint.analysis.patterns import Patterns
from tapelint.analysis.state import Contents, State
from tapelint.analysis.values import (
    NONE,
    Const,
    Data,
    Union,
    Value,
)


class Statements(Patterns):
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
            left_out.note(self, skipped)
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

    def run_import(self, statement: ir.Import | ir.ImportFrom) -> None:
        for name, value in self.imported(statement):
            self.set_name(name, value)
