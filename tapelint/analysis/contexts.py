"""Runs the body of a `with` inside its context."""

from __future__ import annotations

from collections.abc import Callable

from tapelint.analysis.calls import Calls
from tapelint.analysis.frames import Dead
from tapelint.analysis.ir import Place
from tapelint.analysis.models import tapes
from tapelint.analysis.state import State
from tapelint.analysis.values import (
    NONE,
    Arguments,
    BoundMethod,
    Const,
    FunctionValue,
    Instance,
    Native,
    Pause,
    TapeValue,
    Union,
    Value,
)


class Contexts(Calls):
    """Context managers."""

    def inside(self, context: Value, at: Place, body: Callable[[Value], bool]) -> bool:
        """Run a body between the enter and exit of a context manager; False when it ended."""
        match context:
            case TapeValue():
                tapes.enter(self, context, at)
                return self.guarded(lambda: body(context), lambda: tapes.leave(self, context))
            case Pause():
                tapes.pause(self, context.tape, True)
                return self.guarded(
                    lambda: body(NONE), lambda: tapes.pause(self, context.tape, False)
                )
            case Union():
                return self.inside_options(context, at, body)
            case _:
                self.foreign += 1
                try:
                    return self.inside_foreign(context, at, body)
                finally:
                    self.foreign -= 1

    def inside_foreign(self, context: Value, at: Place, body: Callable[[Value], bool]) -> bool:
        """Run a body in a context that is no tape."""
        match context:
            case Native(name="contextmanager"):
                return self.inside_generator(context, at, body)
            case Instance():
                return self.inside_instance(context, at, body)
            case _:
                return body(self.unknown("context", [context], at))

    def inside_generator(self, context: Native, at: Place, body: Callable[[Value], bool]) -> bool:
        function = context.held[0]
        assert isinstance(function, FunctionValue)
        arguments = context.arguments or Arguments((), {}, at)
        frames, stack = list(self.frames), self.stack
        alive = [False]

        def on_yield(value: Value) -> bool:
            inner, calls = self.frames, self.stack
            self.frames, self.stack = list(frames), stack
            try:
                alive[0] = body(value)
            finally:
                self.frames, self.stack = inner, calls
            return alive[0]

        try:
            self.call_function(function, arguments, on_yield)
        except Dead:
            return False
        return alive[0]

    def inside_instance(self, context: Instance, at: Place, body: Callable[[Value], bool]) -> bool:
        enter = self.class_attribute(context.cls, "__enter__")
        leave = self.class_attribute(context.cls, "__exit__")
        if not isinstance(enter, FunctionValue):
            return self.library_inside(context, at, body)
        value = self.call(BoundMethod(enter, context), Arguments((), {}, at))

        def exit_() -> None:
            if isinstance(leave, FunctionValue):
                self.call(BoundMethod(leave, context), Arguments((NONE, NONE, NONE), {}, at))

        return self.guarded(lambda: body(value), exit_)

    def library_inside(self, context: Instance, at: Place, body: Callable[[Value], bool]) -> bool:
        raise NotImplementedError

    def inside_options(self, context: Union, at: Place, body: Callable[[Value], bool]) -> bool:
        options = [o for o in context.options if not isinstance(o, Const)]
        start = self.state
        ends: list[State] = []
        for option in options:
            self.state = start.fork()
            try:
                if self.inside(option, at, body):
                    ends.append(self.state)
            except Dead:
                continue
        merged = self.merge(ends)
        if merged is None:
            return False
        self.state = merged
        return True
