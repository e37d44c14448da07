"""Defines functions and classes."""

from __future__ import annotations

from dataclasses import replace

from tapelint.analysis import ir
from tapelint.analysis.expressions import Expressions
from tapelint.analysis.frames import Frame
from tapelint.analysis.values import (
    Arguments,
    BoundMethod,
    ClassValue,
    Const,
    External,
    FunctionValue,
    Instance,
    Native,
    Tuple,
    Union,
    Value,
    fresh,
)

NAMED_TUPLES = ("typing.NamedTuple", "typing_extensions.NamedTuple")


class Definitions(Expressions):
    """Function and class definitions."""

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

    def instance_class(self, value: Value) -> Value | None:
        return value.cls if isinstance(value, Instance) else None
