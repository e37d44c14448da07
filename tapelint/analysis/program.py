"""Runs a module, then, with arguments nobody knows, its functions that nothing reached."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tapelint.analysis import ir, lost_updates, persistence, unread
from tapelint.analysis.frames import Dead, Frame, OutOfBudget
from tapelint.analysis.interpreter import TAPE, TRAINERS, Interpreter
from tapelint.analysis.literals import assigned_attributes, mentions
from tapelint.analysis.models import unbuilt, untracked
from tapelint.analysis.observations import NoneQuestioned, Observation
from tapelint.analysis.values import (
    Arguments,
    BoundMethod,
    ClassValue,
    Const,
    External,
    FunctionValue,
    Instance,
    Value,
)

TAPE_NAME = "tf.GradientTape"
# Functions with one of these are worth a run even where they hold no tape.
OLD_WAYS = (
    "minimize", "compute_gradients", "get_scaled_loss", "get_unscaled_gradients", "get_gradients",
)  # fmt: skip
ENTRY_BUDGET = 60_000
# What is wrong with the old ways alone shows at the call, and not deep in what it leads to.
OLD_WAYS_BUDGET = 10_000
MOST_ENTRIES = 400


class Program(Interpreter):
    """One module as a program, and the entry points it has besides."""

    # ------------------------------------------------------------------ entry points

    def run_module(self, body: ir.Body) -> list[Observation]:
        """Run the module as a script, then each entry point that was not reached."""
        frame = Frame(self.globals, None, None, (), self.module)
        frame.is_captured = True
        cells = self.state.cells
        cells[(self.globals, "__name__")] = Const("__main__")
        self.frames.append(frame)
        self.run_bounded(lambda: self.run_block(body))
        self.markers = self.tape_names()
        self.blur_rebound_globals()
        idle = [f for f in self.defined if f.module == self.module and f.lazy not in self.reached]
        self.blur_globals(self.globals, idle)
        # What each function can be called in: the program's end, or that of what it is nested in.
        starts = [self.state] * len(self.defined)
        done = 0
        while done < len(self.defined) and done < MOST_ENTRIES:
            function = self.defined[done]
            if self.is_entry(function):
                self.state = starts[done].fork()
                self.run_entry(function)
                starts += [self.state] * (len(self.defined) - len(starts))
            done += 1
        self.forget_awaited()
        unread.observe_unread(self)
        persistence.observe(self)
        lost_updates.observe(self)
        for place in self.questioned:
            self.observe(NoneQuestioned(place))
        unbuilt.observe(self)
        untracked.observe_hidden(self, [f.lazy.source() for f in self.defined])
        return self.observations

    def blur_rebound_globals(self) -> None:
        """Let a global that the script gave several values be any of them.

        A function that nobody called may have been meant for any stretch of a script that was
        once a notebook.
        """
        unread = dict(self.unread)
        for name, held in self.rebound_globals.items():
            now = self.state.cells.get((self.globals, name))
            if now is not None:
                self.state.cells[(self.globals, name)] = self.join_all([*held, now])
        # To join is not to read: that can only be done by functions that have not run yet.
        idle = [f.lazy.source() for f in self.defined if f.lazy not in self.reached]
        for key, result in unread.items():
            if not any(mentions(text, [result.label]) for text in idle):
                self.unread[key] = result

    def forget_awaited(self) -> None:
        """Take out of the unread values those that functions nobody has run may read."""
        if not self.unread:
            return
        if any(mentions(f.lazy.source(), lost_updates.EVALUATORS) for f in self.defined):
            # for: eval(text, locals())
            self.unread.clear()
            return
        idle = [f.lazy.source() for f in self.defined if f.lazy not in self.reached]
        texts = [f.lazy.source() for f in self.defined]
        self.applies |= any(mentions(text, unread.APPLYING) for text in texts)
        for key, result in list(self.unread.items()):
            if any(mentions(text, [result.label]) for text in idle):
                del self.unread[key]

    def tape_names(self) -> tuple[str, ...]:
        """Return the names a tape is made by here: `GradientTape`, and `GT` if imported as that."""
        held = self.attributes(self.globals)
        return (
            TAPE,
            *TRAINERS,
            *(n for n, v in held.items() if isinstance(v, External) and v.name == TAPE_NAME),
        )

    def run_bounded(self, work: object) -> None:
        """Run something to its end, or until it has taken too many steps."""
        assert callable(work)
        base = self.frames[:1]
        with contextlib.suppress(Dead, OutOfBudget):
            work()
        self.frames = list(base)
        self.stack = ()
        self.raised.clear()

    def is_entry(self, function: FunctionValue) -> bool:
        """Whether nobody has run the function, though it holds a tape."""
        if function.module != self.module:
            # It is an entry point of its own file.
            return False
        return function.lazy not in self.reached and function.lazy.mentions(
            *self.markers, *OLD_WAYS
        )

    def run_entry(self, function: FunctionValue) -> None:
        """Run a function as a caller unknown to us might: its parameters are open."""
        holds_tape = function.lazy.mentions(*self.markers)
        self.steps, self.budget = 0, ENTRY_BUDGET if holds_tape else OLD_WAYS_BUDGET
        self.runs_entry = True
        self.state.order = ()

        def work() -> None:
            result = self.call(self.receiver_bound(function), self.open_arguments(function))
            persistence.note_shared(self, result)

        self.run_bounded(work)

    def receiver_bound(self, function: FunctionValue) -> Value:
        """Return a method bound to an object of its class, made by a constructor we can follow."""
        owner = function.owner
        if owner is None or "staticmethod" in function.marks:
            return function
        cls: Value | None = self.state.cells.get((owner.identity, "<class>"))
        owner = cls if isinstance(cls, ClassValue) else owner
        if "classmethod" in function.marks:
            return BoundMethod(function, owner)
        made = self.entry_instance(owner, function)
        return function if made is None else BoundMethod(function, made)

    def entry_instance(self, owner: ClassValue, function: FunctionValue) -> Value | None:
        if function.lazy.name in ("__init__", "__new__"):
            return Instance(owner)
        try:
            arguments = Arguments((), {}, owner.place, is_open=True)
            made = self.instantiate(owner, arguments)
        except Dead:
            made = Instance(owner)
        if not isinstance(made, Instance):
            return made
        # Methods that have not run may have given these attributes other values.
        for name in self.reassigned(owner):
            cell = self.state.cells.get((made.identity, name))
            if cell is not None:
                other = self.unknown(f".{name}", [], owner.place)
                self.state.cells[(made.identity, name)] = self.join_values(cell, other)
        return made

    def reassigned(self, owner: ClassValue) -> Iterator[str]:
        """Yield the attributes that methods which were not run so far assign."""
        for cls in self.ancestry(owner):
            if not isinstance(cls, ClassValue):
                continue
            for name, value in self.attributes(cls.identity).items():
                if name == "__init__" or not isinstance(value, FunctionValue):
                    continue
                if value.lazy not in self.reached:
                    yield from assigned_attributes(value.lazy.source())
