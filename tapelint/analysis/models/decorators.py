"""What decorators and function wrappers make of a function of the project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tapelint.analysis.ir import Place
from tapelint.analysis.models import registry
from tapelint.analysis.models.registry import models
from tapelint.analysis.values import (
    Arguments,
    BoundMethod,
    ClassValue,
    Const,
    External,
    FunctionValue,
    Instance,
    Method,
    Native,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

# Decorators that change nothing a gradient could notice.
TRANSPARENT = frozenset(
    {
        "abc.abstractmethod", "functools.wraps",
        "typing.no_type_check", "typing.final", "typing.override", "typing_extensions.override",
        "staticmethod", "tf.autograph.experimental.do_not_convert", "tf.Module.with_name_scope",
        "keras.saving.register_keras_serializable", "tf.autograph.to_graph",
        "keras.utils.register_keras_serializable", "numba.jit", "numba.njit",
        "tf.__internal__.decorator.make_decorator", "atexit.register",
        "tf.autograph.experimental.set_loop_options", "deprecation.deprecated", "typing.overload",
        "tf.keras.utils.register_keras_serializable", "tf.experimental.dispatch_for_api",
    }
)  # fmt: skip
MARKS = {
    "builtins.property": "property",
    "functools.cached_property": "cached_property",
    "tf.__internal__.tracking.cached_per_instance": "cached_property",
    "werkzeug.utils.cached_property": "cached_property",
    "django.utils.functional.cached_property": "cached_property",
    "cached_property.cached_property": "cached_property",
    "abc.abstractproperty": "property",
    "builtins.staticmethod": "staticmethod",
    "builtins.classmethod": "classmethod",
    "contextlib.contextmanager": "contextmanager",
    "tf.function": "tf.function",
    "tf.custom_gradient": "custom_gradient",
    "keras.ops.custom_gradient": "custom_gradient",
    # Its gradients are computed by a custom gradient, which makes them dense.
    "tf.recompute_grad": "recomputed",
    "keras.remat": "recomputed",
    "dataclasses.dataclass": "dataclass",
    "attr.s": "dataclass",
    "attr.attrs": "dataclass",
    "attrs.define": "dataclass",
    "attrs.frozen": "dataclass",
    "attr.dataclass": "dataclass",
    "attr.define": "dataclass",
    "flax.struct.dataclass": "dataclass",
    "chex.dataclass": "dataclass",
}


def decorate(machine: Interpreter, decorator: Value, value: Value, at: Place) -> Value:
    """Apply one decorator."""
    match decorator:
        case External():
            return decorated_by_name(machine, decorator.name, value, at)
        case Native():
            return decorator.call(machine, Arguments((value,), {}, at))
        case FunctionValue() | BoundMethod() | ClassValue():
            return machine.call(decorator, Arguments((value,), {}, at))
        case Method(name="setter") | Method(name="getter") | Method(name="deleter"):
            # for: @x.setter. The setter is kept beside the property it belongs to.
            return with_setter(machine, decorator, value)
        case Method(receiver=Instance()):
            # for: @dispatched.register
            return machine.call(decorator, Arguments((value,), {}, at))
        case _:
            return marked(value, "opaque")


def with_setter(machine: Interpreter, decorator: Method, value: Value) -> Value:
    owner = decorator.receiver
    if decorator.name == "setter" and isinstance(value, FunctionValue):
        machine.state.cells[(machine.frame.identity, f"{value.lazy.name}.setter")] = value
    return owner


def decorated_by_name(machine: Interpreter, name: str, value: Value, at: Place) -> Value:
    mark = MARKS.get(name)
    if mark is not None:
        return marked(value, mark)
    if name in TRANSPARENT:
        return value
    if registry.model_of(name) is not None:
        return machine.call_external(name, Arguments((value,), {}, at))
    if isinstance(value, ClassValue):
        # A foreign class decorator (registration, mostly) leaves the class as it is.
        return value
    return marked(value, "opaque")


def marked(value: Value, mark: str) -> Value:
    """Return a function (or class) with a mark that says what a decorator made of it."""
    match value:
        case FunctionValue() | ClassValue():
            return replace(value, marks=value.marks | {mark})
        case BoundMethod():
            return replace(
                value, function=replace(value.function, marks=value.function.marks | {mark})
            )
        case _:
            return value


def all_marked(value: Value, marks: Sequence[str]) -> Value:
    for mark in marks:
        value = marked(value, mark)
    return value


def compiled(args: Arguments) -> str | None:
    """Return the mark of a function that XLA compiles: `tf.function(jit_compile=True)`."""
    stated = args.get(None, "jit_compile", "experimental_compile")
    return "compiled" if stated == Const(True) else None


def wrapper(*names: str, mark: str | None) -> None:
    """Register what is both a decorator and a factory of decorators: `@f`, `@f(...)`, `f(g)`."""

    @models(*names)
    def wrap(machine: Interpreter, args: Arguments) -> Value:
        marks = [m for m in (mark, compiled(args)) if m is not None]
        function = args.get(0, "func", "f", "fun", "cls")
        if function is None or isinstance(function, Const):

            def apply(inner: Interpreter, given: Arguments) -> Value:
                return all_marked(given.positional[0], marks)

            return Native("decorator", apply)
        return all_marked(function, marks)


for _name, _mark in MARKS.items():
    wrapper(_name, mark=_mark)
wrapper(*sorted(TRANSPARENT - {"functools.wraps"}), mark=None)


@models("functools.wraps", "functools.update_wrapper")
def wraps(machine: Interpreter, args: Arguments) -> Value:
    """Run `@functools.wraps(f)`: the wrapper stays what it is."""
    if len(args.positional) > 1:
        return args.positional[0]
    return Native("wraps", lambda inner, given: given.positional[0])
