"""The interpreter: joins the halves, and hands what is of a library to its model.

What a library callable means is in `models` and in the knowledge table, never here.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable
from dataclasses import replace

from tapelint.analysis import ir, unread
from tapelint.analysis.comparisons import CALLABLES
from tapelint.analysis.frames import Dead
from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.ir import Place
from tapelint.analysis.knowledge import canonical, declared
from tapelint.analysis.machine import MOST_OPTIONS
from tapelint.analysis.models import operations, registry, untracked_parts
from tapelint.analysis.models.constants import constant
from tapelint.analysis.models.custom_gradients import run_custom_gradient
from tapelint.analysis.models.decorators import decorate
from tapelint.analysis.models.instances import is_instance
from tapelint.analysis.models.records import make_members, member_of
from tapelint.analysis.modules import Modules
from tapelint.analysis.observations import Misuse
from tapelint.analysis.operators import SPECIAL
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    Arguments,
    BoundMethod,
    Box,
    ClassValue,
    Const,
    Data,
    External,
    FunctionValue,
    Instance,
    Method,
    Native,
    Super,
    Value,
    fresh,
)
from tapelint.model import Belief

OPTIMIZERS = ("tf.optimizers.", "keras.optimizers.", "tf.compat.v1.train.")
TAPE = "GradientTape"
# Keras opens a tape in these.
TRAINERS = ("fit", "fit_generator", "train_on_batch")
MODULE_BUDGET = 150_000
OPERATORS = {name: op for op, name in SPECIAL.items()}
BUILTINS = frozenset(dir(builtins))
# Bases that add nothing a gradient could notice.
PLAIN_BASES = frozenset(
    {
        "builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol", "typing.NamedTuple",
        "typing_extensions.Protocol", "builtins.Exception", "enum.Enum", "enum.IntEnum",
    }
)  # fmt: skip


class Interpreter(Modules):
    """All layers together, with the names and objects that come from outside the project."""

    def __init__(self, path: str = "", beliefs: Iterable[tuple[str, Belief]] = ()) -> None:
        super().__init__(MODULE_BUDGET, path, {canonical(name): b for name, b in beliefs})
        self.module = self.project.path if self.project is not None else ""
        self.globals = fresh()
        self.markers: tuple[str, ...] = (TAPE, *TRAINERS)
        self.rebound_globals: dict[str, list[Value]] = {}

    def set_name(self, name: str, value: Value) -> None:
        if len(self.frames) == 1 and not isinstance(value, Const):
            old = self.state.cells.get((self.globals, name))
            if old is not None and old is not value and not isinstance(old, Const):
                held = self.rebound_globals.setdefault(name, [])
                if len(held) < MOST_OPTIONS:
                    held.append(old)
        super().set_name(name, value)

    def open_arguments(self, function: FunctionValue) -> Arguments:
        return Arguments((), {}, function.lazy.get().at, is_open=True)

    # ------------------------------------------------------------------ names

    def run_define(self, statement: ir.Define) -> None:
        super().run_define(statement)
        frame = self.frame
        found = self.state.cells.get((frame.identity, statement.function.name))
        function = underlying(found)
        if function is None or function.lazy is not statement.function:
            function = self.function_value(
                statement.function, self.closure(), self.class_being_made()
            )
        self.defined.append(function)

    def builtin(self, expression: ir.Name) -> Value:
        """Return what a name means that nobody bound."""
        name = expression.id
        if name in BUILTINS:
            return External(f"builtins.{name}")
        if name in ("__file__", "__doc__"):
            return Data(self.node(name, Kind.PYTHON, DType.STRING, expression.at))
        if name == "__class__":
            frame = self.function_frame()
            if frame.value is not None and frame.value.owner is not None:
                return frame.value.owner
        return self.unknown(name, [], expression.at)

    def external(self, dotted: str) -> Value:
        """Return what a dotted name outside the project stands for."""
        name = canonical(dotted)
        known = constant(name)
        return known if known is not None else External(name)

    def external_attribute(self, value: External, name: str) -> Value:
        if name == "__name__":
            return Const(value.name.rpartition(".")[2])
        return self.external(f"{value.name}.{name}")

    # ------------------------------------------------------------------ calls

    def call_external(self, name: str, arguments: Arguments) -> Value:
        """Call something outside the project: a model, a class, or a row of the table.

        What the user says of a name has the first word.
        """
        belief = self.beliefs.get(name)
        if belief is not None:
            return operations.run(self, name, declared(name, belief), arguments)
        model = registry.model_of(name)
        if model is not None:
            return model(self, arguments)
        library = registry.class_of(name)
        if library is not None and registry.is_class_name(name):
            made = Instance(External(name))
            untracked_parts.note(self, made, arguments.place)
            library.init(self, made, arguments)
            if name.startswith(OPTIMIZERS):
                self.has_optimizer = True
                unread.expect_use(self, made, arguments.place, Misuse.UNAPPLIED)
            return made
        family = registry.family_of(name)
        if family is not None:
            return family(self, name, arguments)
        known = operations.apply(self, name, arguments)
        if known is not None:
            return known
        return self.opaque_call(name, arguments.values, arguments.place)

    def call_method(self, receiver: Value, name: str, arguments: Arguments) -> Value:
        if isinstance(receiver, Instance):
            library = self.library_of(receiver)
            return library.method(self, receiver, name, arguments)
        model = registry.methods_of(type(receiver))
        if model is not None:
            return model(self, receiver, name, arguments)
        return self.opaque_call(name, [receiver, *arguments.values], arguments.place)

    def opaque_call(self, name: str, values: Iterable[Value], place: Place) -> Data:
        """Run code we know nothing of: it may change what it is handed and give back anything."""
        given = list(values)
        made = self.unknown(name, given, place)
        for value in given:
            self.hand_out(value)
        return made

    def hand_out(self, value: Value) -> None:
        """Note that unknown code holds a value, and may put more into it if it is a container."""
        self.escape(value)
        if isinstance(value, Box) and value.kind in ("list", "dict", "set"):
            contents = self.contents(value)
            more = self.with_rest(contents, self.unknown("element", [], None))
            self.fill(value, replace(contents, rest=more))
        elif isinstance(value, Instance) and isinstance(value.cls, ClassValue):
            # Nothing: what foreign code sets on the project's objects is rare and never seen.
            pass
        elif isinstance(value, FunctionValue | BoundMethod):
            self.run_callback(value)

    def run_callback(self, function: FunctionValue | BoundMethod) -> None:
        """Run a function that was handed to unknown code, which will call it with anything."""
        inner = function if isinstance(function, FunctionValue) else function.function
        if inner.lazy in self.reached or not inner.lazy.mentions(*self.markers):
            return
        start = self.state.fork()
        try:
            self.call(function, self.open_arguments(inner))
        except Dead:
            self.state = start
            return
        merged = self.merge([start, self.state])
        assert merged is not None
        self.state = merged

    # ------------------------------------------------------------------ library objects

    def library_of(self, instance: Instance) -> registry.LibraryClass:
        """Return the model of the library class that an object is based on."""
        name = self.library_base(instance.cls)
        if name is None:
            return registry.UNKNOWN_CLASS
        return registry.class_of(name) or registry.UNKNOWN_CLASS

    def library_base(self, cls: Value) -> str | None:
        for ancestor in self.ancestry(cls):
            if isinstance(ancestor, External) and ancestor.name not in PLAIN_BASES:
                return ancestor.name
        return None

    def library_attribute(self, value: Instance, name: str, at: Place) -> Value:
        found = self.library_of(value).attribute(self, value, name, at)
        return Method(value, name) if found is None else found

    def library_set(self, value: Instance, name: str, given: Value, at: Place) -> None:
        self.library_of(value).set_attribute(self, value, name, given, at)

    def library_has_run(self, value: Instance, name: str) -> None:
        self.library_of(value).has_run(self, value, name)

    def library_super(self, value: Super, name: str, at: Place) -> Value:
        """Return `super().name` where only a library class may define it."""
        library = self.library_of(value.receiver) if isinstance(value.receiver, Instance) else None
        if library is None or library is registry.UNKNOWN_CLASS or name.startswith("__"):
            return Method(value, name)
        assert isinstance(value.receiver, Instance)
        found = library.attribute(self, value.receiver, name, at)
        return Method(value, name) if found is None else found

    def is_opaque(self, value: Value) -> bool:
        """Whether a value is an object outside the project that may depend on tensors."""
        match value:
            case External():
                return not (value.name.startswith(CALLABLES) or registry.is_plain(value.name))
            case Instance() if (value.identity, "<data>") not in self.state.cells:
                return self.library_of(value) is registry.UNKNOWN_CLASS
            case _:
                return False

    def finish_class(self, cls: ClassValue) -> None:
        if self.is_enumeration(cls):
            make_members(self, cls)

    def enumeration_member(self, cls: ClassValue, arguments: Arguments) -> Value:
        found = member_of(self, cls, arguments.get(0, "value"))
        return self.unknown(cls.name, arguments.values, arguments.place) if found is None else found

    def library_inside(self, context: Instance, at: Place, body: Callable[[Value], bool]) -> bool:
        return self.library_of(context).inside(self, context, at, body)

    def library_item(self, value: Instance, index: Value, at: Place) -> Value:
        return self.library_of(value).item(self, value, index, at)

    def library_set_item(self, value: Instance, index: Value, given: Value, at: Place) -> None:
        self.library_of(value).set_item(self, value, index, given, at)

    def library_elements(self, value: Instance) -> Contents | None:
        return self.library_of(value).elements(self, value)

    def library_any_element(self, value: Instance, at: Place) -> Value:
        return self.library_of(value).any_element(self, value, at)

    def library_init(self, made: Instance, arguments: Arguments) -> None:
        if self.library_base(made.cls) is not None:
            self.library_of(made).init(self, made, arguments)

    def call_library_instance(self, receiver: Instance, arguments: Arguments) -> Value:
        return self.library_of(receiver).call(self, receiver, arguments)

    def call_instance(self, instance: Instance, arguments: Arguments) -> Value:
        """Run `instance(...)`: its own `__call__`, or that of the library class below it."""
        method = self.class_attribute(instance.cls, "__call__")
        if method is not None:
            return self.call(self.bound(method, instance, arguments.place), arguments)
        return self.call_library_instance(instance, arguments)

    # ------------------------------------------------------------------ small glue

    def bind_target(self, target: ir.Expr, value: Value, at: Place) -> None:
        self.bind(target, value, at)

    def is_instance(self, value: Value, cls: Value) -> bool | None:
        return is_instance(self, value, cls)

    def frame_is_graph(self) -> bool:
        """Whether the running code is traced by `tf.function`."""
        return self.frame.is_graph

    def apply_decorator(self, decorator: Value, value: Value, at: Place) -> Value:
        return decorate(self, decorator, value, at)

    def call_custom_gradient(self, function: FunctionValue, arguments: Arguments) -> Value:
        return run_custom_gradient(self, function, arguments)

    def special(self, receiver: Value, name: str, arguments: Arguments) -> Value:
        """Run `x.__add__(y)` as the operator it spells."""
        op = OPERATORS.get(name.strip("_"))
        if op is not None and arguments.positional:
            return self.binary(op, receiver, arguments.positional[0], arguments.place)
        if name == "__neg__":
            return self.negated("-", receiver, arguments.place)
        if name == "__getitem__" and arguments.positional:
            return self.item(receiver, arguments.positional[0], arguments.place)
        return self.unknown(name, [receiver, *arguments.values], arguments.place)


def underlying(value: object) -> FunctionValue | None:
    """Return the project function behind decorators."""
    match value:
        case FunctionValue():
            return value
        case BoundMethod():
            return value.function
        case Native(held=(first, *_)):
            return underlying(first)
        case _:
            return None
