"""Calls: binding arguments, running project functions inline, generators, context managers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from tapelint.analysis import ir
from tapelint.analysis.frames import Dead, Frame
from tapelint.analysis.graph import DType, Edge, Kind
from tapelint.analysis.ir import Place
from tapelint.analysis.machine import DEEPEST_CALL
from tapelint.analysis.making import Making
from tapelint.analysis.state import Contents, State
from tapelint.analysis.values import (
    NONE,
    Arguments,
    BoundMethod,
    Box,
    ClassValue,
    Const,
    Data,
    DTypeValue,
    External,
    FunctionValue,
    Instance,
    Method,
    Native,
    Super,
    Tuple,
    Union,
    Value,
    fresh,
)

MOST_RECURSION = 2
# Parameters that an unknown `*args` or `**kwargs` of the caller may fill.
OPEN_KINDS = ("positional-only", "ordinary", "keyword-only")


class Calls(Making):
    """The call protocol."""

    # ------------------------------------------------------------------ dispatch

    def call(self, function: Value, arguments: Arguments) -> Value:
        """Call a value."""
        self.step()
        match function:
            case FunctionValue():
                return self.call_function(function, arguments)
            case BoundMethod():
                inner = arguments.after(function.receiver)
                result = self.call_function(function.function, inner)
                if isinstance(function.receiver, Instance):
                    self.library_has_run(function.receiver, function.function.lazy.name)
                return result
            case ClassValue():
                return self.instantiate(function, arguments)
            case Union():
                return self.call_options(function, arguments)
            case _:
                may_trace = not self.is_of_python(function)
                self.foreign += may_trace
                try:
                    return self.call_foreign(function, arguments)
                finally:
                    self.foreign -= may_trace

    def call_foreign(self, function: Value, arguments: Arguments) -> Value:
        """Call what is no code of the project, or is run by a library."""
        match function:
            case Native():
                return function.call(self, arguments)
            case External():
                return self.call_external(function.name, arguments)
            case Method():
                return self.call_method(function.receiver, function.name, arguments)
            case Instance():
                return self.call_instance(function, arguments)
            case DTypeValue():
                return self.call_external(function.name or "np.float32", arguments)
            case _:
                return self.opaque_call("call", [function, *arguments.values], arguments.place)

    def opaque_call(self, name: str, values: Iterable[Value], place: Place) -> Data:
        raise NotImplementedError

    def call_external(self, name: str, arguments: Arguments) -> Value:
        raise NotImplementedError

    def call_method(self, receiver: Value, name: str, arguments: Arguments) -> Value:
        raise NotImplementedError

    def call_library_instance(self, receiver: Instance, arguments: Arguments) -> Value:
        raise NotImplementedError

    def call_options(self, function: Union, arguments: Arguments) -> Value:
        """Call each of several possible functions in a world of its own."""
        options = [o for o in function.options if not isinstance(o, Const)]
        if len(options) == 1:
            return self.call(options[0], arguments)
        start = self.state
        ends: list[State] = []
        results: list[Value] = []
        for option in options:
            self.state = start.fork()
            try:
                results.append(self.call(option, arguments))
            except Dead:
                continue
            ends.append(self.state)
        merged = self.merge(ends)
        if merged is None:
            self.state = start
            raise Dead
        self.state = merged
        return self.join_all(results)

    # ------------------------------------------------------------------ project functions

    def call_function(
        self,
        function: FunctionValue,
        arguments: Arguments,
        on_yield: Callable[[Value], bool] | None = None,
    ) -> Value:
        """Run a function of the project on its real arguments."""
        if "tf.function" in function.marks:
            arguments = self.traced(arguments)
        if "cached" in function.marks:
            return self.call_cached(function, arguments)
        if "custom_gradient" in function.marks:
            return self.call_custom_gradient(function, arguments)
        if "contextmanager" in function.marks and on_yield is None:
            plain = replace(function, marks=function.marks - {"contextmanager"})

            def enter(machine: Calls, held: Arguments) -> Value:
                return machine.unknown("context", [], held.place)

            return Native("contextmanager", enter, (plain,), arguments)
        depth = sum(1 for f in self.frames if f.lazy is function.lazy)
        if depth >= MOST_RECURSION or len(self.frames) > DEEPEST_CALL:
            return self.unknown(function.lazy.name, arguments.values, arguments.place)
        body = function.lazy.get()
        if self.runs_entry and function.owner is not None and is_left_open(body):
            # Nobody has called it yet: whoever does has a class that defines it.
            return self.unknown(body.name, arguments.values, arguments.place)
        if body.is_generator and on_yield is None:
            return self.generator(function, arguments)
        return self.run_function(function, body, arguments, on_yield)

    def traced(self, arguments: Arguments) -> Arguments:
        """Return the arguments as a `tf.function` gets them: arrays as tensors (TensorFlow 2.21)."""

        def as_tensor(value: Value, depth: int = 0) -> Value:
            if isinstance(value, Data) and value.kind is Kind.ARRAY:
                made = self.record(
                    "tf.convert_to_tensor", [("value", value)], arguments.place, dtype=value.dtype
                )
                return Data(made.node, value.shape, value.is_column)
            if isinstance(value, Tuple) and depth < 4:
                parts = tuple(as_tensor(e, depth + 1) for e in value.elements)
                return Tuple(parts, value.names, value.cls)
            return value

        return Arguments(
            tuple(as_tensor(v) for v in arguments.positional),
            {k: as_tensor(v) for k, v in arguments.keywords.items()},
            arguments.place,
            arguments.is_open,
        )

    def call_cached(self, function: FunctionValue, arguments: Arguments) -> Value:
        """Run a function under `lru_cache`: the same arguments give the same object."""
        plain = replace(function, marks=function.marks - {"cached"})
        keys = [self.key(value) for value in arguments.values]
        if arguments.is_open or not all(known for known, _ in keys):
            return self.call_function(plain, arguments)
        cell = ("cached", function.lazy, tuple(arguments.keywords), tuple(key for _, key in keys))
        found: Value | None = self.state.cells.get(cell)
        if found is None:
            found = self.call_function(plain, arguments)
            self.state.cells[cell] = found
        return found

    def run_function(
        self,
        function: FunctionValue,
        body: ir.Function,
        arguments: Arguments,
        on_yield: Callable[[Value], bool] | None = None,
    ) -> Value:
        self.reached.add(function.lazy)
        frame = self.open_frame(function, body, arguments)
        frame.on_yield = on_yield
        self.frames.append(frame)
        stack, self.stack = self.stack, (arguments.place, *self.stack)
        try:
            self.bind_parameters(function, body, arguments, frame)
            if self.run_block(body.body):
                frame.returns.append((self.state, NONE))
        finally:
            self.frames.pop()
            self.stack = stack
        return self.finish(frame, body, arguments)

    def open_frame(self, function: FunctionValue, body: ir.Function, arguments: Arguments) -> Frame:
        frame = Frame(fresh(), body, function.lazy, function.frames, function.module)
        frame.value = function
        frame.called_at = arguments.place
        frame.is_graph = "tf.function" in function.marks or (
            bool(self.frames) and self.frames[-1].is_graph
        )
        frame.is_compiled = "compiled" in function.marks or (
            bool(self.frames) and self.frames[-1].is_compiled
        )
        if "recomputed" in function.marks:
            self.graph_loops.add(arguments.place)
        if arguments.positional:
            frame.receiver = arguments.positional[0]
        return frame

    def finish(self, frame: Frame, body: ir.Function, arguments: Arguments) -> Value:
        """Join the ends of a call and give back its value."""
        if not frame.returns:
            raise Dead
        self.last_returned = frame.returned
        states = [state for state, _ in frame.returns]
        merged = self.merge(states)
        assert merged is not None
        self.state = merged
        value = self.join_all([value for _, value in frame.returns])
        if frame.yields:
            value = self.yielded(frame)
        if not frame.is_captured:
            for name in body.local_names:
                self.state.cells.pop((frame.identity, name), None)
        if frame.value is not None and "opaque" in frame.value.marks:
            # The decorator may have called it with other arguments, or made more of its result.
            return self.unknown("decorated", [value, *arguments.values], frame.called_at)
        return value

    def yielded(self, frame: Frame) -> Value:
        rest = None
        values: Sequence[Value] = frame.yields
        if frame.is_inexact and values:
            rest = self.join_all(list(values))
        return self.fill(Box("generator"), Contents(tuple(values), None, rest))

    def bind_parameters(
        self, function: FunctionValue, body: ir.Function, arguments: Arguments, frame: Frame
    ) -> None:
        """Give every parameter its value, as Python does."""
        positional = list(arguments.positional)
        keywords = dict(arguments.keywords)
        for parameter in body.parameters:
            value: Value | None = None
            match parameter.kind:
                case "*":
                    rest = None
                    if arguments.is_open:
                        rest = self.unknown("*args", [], parameter.at)
                    value = (
                        Tuple(tuple(positional))
                        if rest is None
                        else self.sequence("list", positional, rest)
                    )
                    positional = []
                case "**":
                    rest = self.unknown("**kwargs", [], parameter.at) if arguments.is_open else None
                    value = self.fill(
                        Box("dict"), Contents(tuple(keywords.values()), tuple(keywords), rest)
                    )
                    keywords = {}
                case "keyword-only":
                    value = keywords.pop(parameter.name, None)
                case _:
                    if positional:
                        value = positional.pop(0)
                    elif parameter.kind == "ordinary":
                        value = keywords.pop(parameter.name, None)
            if value is None and arguments.is_open and parameter.kind in OPEN_KINDS:
                value = self.open_argument(parameter, arguments)
            if value is None and parameter.default is not None:
                value = self.default_of(function, parameter)
            if value is None:
                value = self.open_argument(parameter, arguments)
            self.note_label(value, parameter.name)
            self.state.cells[(frame.identity, parameter.name)] = value

    def open_argument(self, parameter: ir.Parameter, arguments: Arguments) -> Value:
        """Return a parameter nobody gave a value: it may be anything."""
        node = self.node("parameter", Kind.UNKNOWN, DType.UNKNOWN, parameter.at)
        node.label = parameter.name
        node.reach = self.state.escaped
        if parameter.annotation is not None:
            node.note = parameter.annotation.at.text()
        return Data(node)

    def default_of(self, function: FunctionValue, parameter: ir.Parameter) -> Value:
        for name, value in function.defaults:
            if name == parameter.name:
                return value
        key = (function.lazy, "default", parameter.name)
        found: Value | None = self.state.cells.get(key)
        if found is not None:
            return found
        assert parameter.default is not None
        outer = Frame(fresh(), None, None, function.frames, function.module)
        self.frames.append(outer)
        try:
            value = self.evaluate(parameter.default)
        finally:
            self.frames.pop()
        self.state.cells[key] = value
        return value

    # ------------------------------------------------------------------ generators

    def generator(self, function: FunctionValue, arguments: Arguments) -> Value:
        """Return a generator that runs when it is first walked through."""

        def force() -> Contents:
            value = self.run_function(function, function.lazy.get(), arguments)
            return self.contents(value) if isinstance(value, Box) else Contents()

        return self.pending(force)

    def pending(self, force: Callable[[], Contents]) -> Box:
        box = Box("generator")
        frames, stack = list(self.frames), self.stack
        for frame in frames:
            frame.is_captured = True

        def run() -> Contents:
            now, calls = self.frames, self.stack
            self.frames, self.stack = list(frames), stack
            try:
                return force()
            except Dead:
                return Contents()
            finally:
                self.frames, self.stack = now, calls

        self.state.cells[("pending", box.identity)] = run
        return box

    def contents(self, box: Box) -> Contents:
        """Return what is in a box, running a generator that has not run yet."""
        force = self.state.cells.pop(("pending", box.identity), None)
        if force is not None:
            self.fill(box, Contents())
            before = self.state
            try:
                self.fill(box, force())
            except Dead:
                self.state = before
        return super().contents(box)

    def call_instance(self, instance: Instance, arguments: Arguments) -> Value:
        raise NotImplementedError

    def call_custom_gradient(self, function: FunctionValue, arguments: Arguments) -> Value:
        raise NotImplementedError

    # ------------------------------------------------------------------ symbolic calls

    def super_of(self) -> Value | None:
        """Return what `super()` is in the running method."""
        frame = self.function_frame()
        if frame.value is None or frame.value.owner is None or frame.receiver is None:
            return None
        return Super(frame.value.owner, frame.receiver)

    def edges_to(self, values: Sequence[Value]) -> list[Edge]:
        return [Edge(leaf) for value in values for leaf in self.leaves(value)]


def is_left_open(function: ir.Function) -> bool:
    """Whether a method does nothing but raise `NotImplementedError`: subclasses are to define it."""
    does = [s for s in function.body if not is_constant(s)]
    if len(does) != 1 or not isinstance(does[0], ir.Raise):
        return False
    raised = does[0].value
    name = raised.function if isinstance(raised, ir.Call) else raised
    return isinstance(name, ir.Name) and name.id == "NotImplementedError"


def is_constant(statement: ir.Stmt) -> bool:
    """Whether a statement is a docstring or an ellipsis."""
    return isinstance(statement, ir.Evaluate) and isinstance(statement.value, ir.Constant)
