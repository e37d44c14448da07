"""Context managers of the standard library, and those of TensorFlow that touch a tape."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tapelint.analysis.ir import Place
from tapelint.analysis.models import tapes
from tapelint.analysis.models.registry import LibraryClass, library_class, models
from tapelint.analysis.state import State, TapeState
from tapelint.analysis.values import (
    NONE,
    Arguments,
    BoundMethod,
    External,
    FunctionValue,
    Instance,
    Pause,
    TapeValue,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

Body = Callable[[Value], bool]
ENTERED = "<entered>"
HELD = "<held>"


def made(name: str, machine: Interpreter, held: Value = NONE) -> Instance:
    """Make a context manager that a function with a small letter gives."""
    instance = Instance(External(name))
    machine.state.cells[(instance.identity, HELD)] = held
    return instance


# ---------------------------------------------------------------------- stacks


@library_class("contextlib.ExitStack", "contextlib.AsyncExitStack")
class Stack(LibraryClass):
    """A stack of entered contexts, left in reverse order."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Begin without any."""
        machine.state.cells[(made.identity, ENTERED)] = Tuple(())

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return nothing: all it has are methods."""
        return None

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run `enter_context`, `close`, `callback` ..."""
        first = arguments.get(0, "cm", "callback", "exit")
        key = (instance.identity, ENTERED)
        match name:
            case "enter_context" | "enter_async_context" if first is not None:
                value = entered(machine, first, arguments)
                machine.state.cells[key] = Tuple((*machine.state.cells[key].elements, first))
                return value
            case "push" | "callback" | "push_async_callback":
                return first or NONE
            case "close" | "aclose" | "__exit__":
                self.close(machine, instance, arguments.place)
                return NONE
            case "__enter__" | "pop_all":
                return instance
            case _:
                return machine.opaque_call(name, arguments.values, arguments.place)

    def inside(self, machine: Interpreter, instance: Instance, at: Place, body: Body) -> bool:
        """Run the block, then leave what was entered in it."""
        return machine.guarded(lambda: body(instance), lambda: self.close(machine, instance, at))

    def close(self, machine: Interpreter, instance: Instance, at: Place) -> None:
        """Leave everything that was entered."""
        held = machine.state.cells.get((instance.identity, ENTERED))
        if isinstance(held, Tuple):
            for context in reversed(held.elements):
                left(machine, context, at)
        machine.state.cells[(instance.identity, ENTERED)] = Tuple(())


def entered(machine: Interpreter, context: Value, args: Arguments) -> Value:
    """Run `__enter__` of a context."""
    match context:
        case TapeValue():
            tapes.enter(machine, context, args.place)
            return context
        case Pause():
            tapes.pause(machine, context.tape, True)
            return NONE
        case Instance():
            method = machine.class_attribute(context.cls, "__enter__")
            if isinstance(method, FunctionValue):
                bound = BoundMethod(method, context)
                return machine.call(bound, Arguments((), {}, args.place))
            held: Value | None = machine.state.cells.get((context.identity, HELD))
            return context if held is None else held
        case _:
            return machine.unknown("context", [context], args.place)


def left(machine: Interpreter, context: Value, at: Place) -> None:
    """Run `__exit__` of a context."""
    match context:
        case TapeValue():
            tapes.leave(machine, context)
        case Pause():
            tapes.pause(machine, context.tape, False)
        case Instance():
            method = machine.class_attribute(context.cls, "__exit__")
            if isinstance(method, FunctionValue):
                nothing = Arguments((NONE, NONE, NONE), {}, at)
                machine.call(BoundMethod(method, context), nothing)


# ---------------------------------------------------------------------- plain ones


@models("contextlib.nullcontext", "contextlib.closing", "contextlib.aclosing")
def nullcontext(machine: Interpreter, args: Arguments) -> Value:
    """Run `nullcontext(value)`."""
    return made("contextlib.nullcontext", machine, args.get(0, "enter_result", "thing") or NONE)


@library_class("contextlib.nullcontext")
class Null(LibraryClass):
    """A context that gives what it holds and does nothing."""

    def inside(self, machine: Interpreter, instance: Instance, at: Place, body: Body) -> bool:
        """Run the block."""
        return body(machine.state.cells.get((instance.identity, HELD), NONE))


@models("contextlib.suppress")
def suppress(machine: Interpreter, args: Arguments) -> Value:
    """Run `suppress(KeyError)`."""
    return made("contextlib.suppress", machine)


@library_class("contextlib.suppress")
class Suppress(LibraryClass):
    """A context that lets some exceptions end its block, and the program go on."""

    def inside(self, machine: Interpreter, instance: Instance, at: Place, body: Body) -> bool:
        """Run the block; what follows may find it run in part."""
        return caught(machine, lambda: body(NONE))


def caught(machine: Interpreter, body: Callable[[], bool]) -> bool:
    """Run a block that an exception may end anywhere."""
    before = machine.state.fork()
    raised: list[State] = []
    machine.raised.append(raised)
    alive = body()
    machine.raised.pop()
    merged = machine.merge([*([machine.state] if alive else []), before, *raised])
    assert merged is not None
    machine.state = merged
    return True


# ---------------------------------------------------------------------- TensorFlow


@models("tf.init_scope")
def init_scope(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.init_scope()`."""
    return made("tf.init_scope", machine)


@library_class("tf.init_scope")
class InitScope(LibraryClass):
    """No tape records within it (TensorFlow 2.21)."""

    def inside(self, machine: Interpreter, instance: Instance, at: Place, body: Body) -> bool:
        """Pause every tape for the block."""
        held: list[tuple[int, TapeState]] = []
        for identity in machine.state.order:
            state = machine.state.tape(identity)
            if state is not None and not state.is_paused:
                held.append((identity, state))
                machine.state.set_tape(identity, is_paused=True)

        def leave() -> None:
            for identity, _ in held:
                machine.state.set_tape(identity, is_paused=False)

        return machine.guarded(lambda: body(NONE), leave)
