"""Makes objects: instances of classes of the project, with what their `__init__` leaves."""

from __future__ import annotations

from tapelint.analysis.classes import same_class
from tapelint.analysis.models import untracked_parts
from tapelint.analysis.objects import Objects
from tapelint.analysis.values import (
    Arguments,
    BoundMethod,
    ClassValue,
    Const,
    Data,
    External,
    FunctionValue,
    Instance,
    Native,
    Tuple,
    Value,
)


class Making(Objects):
    """Instances, records and members of enumerations."""

    def instantiate(self, cls: ClassValue, arguments: Arguments) -> Value:
        """Make an object of a project class."""
        if "namedtuple" in cls.marks:
            return self.named_tuple(cls, arguments)
        made = Instance(cls)
        meta = self.class_attribute(cls, "__new__")
        if isinstance(meta, FunctionValue) and self.library_base(cls) is None:
            replaced = self.call_function(meta, arguments.after(cls))
            if isinstance(replaced, Instance) and same_class(replaced.cls, cls):
                made = replaced
            elif not isinstance(replaced, Data):
                return replaced
        if self.is_enumeration(cls):
            return self.enumeration_member(cls, arguments)
        self.state.cells[(made.identity, "<made>")] = Const(True)
        untracked_parts.note(self, made, arguments.place)
        setup = self.class_attribute(cls, "__init__")
        record = self.dataclass_of(cls)
        if record is not None and self.is_own_init(record, setup):
            self.fill_fields(record, made, arguments)
        elif isinstance(setup, FunctionValue):
            self.call_function(setup, arguments.after(made))
        elif isinstance(setup, Native):
            setup.call(self, arguments.after(made))
        else:
            self.library_init(made, arguments)
        if self.has_unknown_base(cls):
            for value in arguments.values:
                self.escape(value)
        return made

    def call_function(self, function: FunctionValue, arguments: Arguments) -> Value:
        raise NotImplementedError

    def library_init(self, made: Instance, arguments: Arguments) -> None:
        raise NotImplementedError

    def is_enumeration(self, cls: ClassValue) -> bool:
        return any(
            isinstance(a, External) and a.name.endswith(("Enum", "Flag"))
            for a in self.ancestry(cls)
        )

    def enumeration_member(self, cls: ClassValue, arguments: Arguments) -> Value:
        raise NotImplementedError

    def is_own_init(self, record: ClassValue, setup: Value | None) -> bool:
        """Whether `dataclass` writes the constructor: nothing nearer than its class defines one."""
        if setup is None:
            return True
        own: Value | None = self.state.cells.get((record.identity, "__init__"))
        return own is None and any(
            self.state.cells.get((base.identity, "__init__")) is setup
            for base in self.ancestry(record)
            if isinstance(base, ClassValue)
        )

    def fill_fields(self, cls: ClassValue, made: Instance, arguments: Arguments) -> None:
        """Run the `__init__` that `dataclass` writes."""
        positional = list(arguments.positional)
        passed_on: list[Value] = []
        for name in cls.fields:
            default = self.class_attribute(cls, name)
            is_field = isinstance(default, Native) and default.name == "field"
            value: Value | None = None
            if not is_field or is_in_init(default):
                value = positional.pop(0) if positional else arguments.keywords.get(name)
                if value is None and arguments.is_open:
                    value = self.unknown(name, [], arguments.place)
            if value is None:
                value = default
                if is_field and isinstance(default, Native):
                    value = default.call(self, Arguments((), {}, arguments.place))
            if value is None:
                value = self.unknown(name, [], arguments.place)
            if self.class_attribute(cls, f"<init>{name}") is not None:
                passed_on.append(value)
                continue
            self.note_label(value, name)
            self.state.cells[(made.identity, name)] = value
        after = self.class_attribute(cls, "__post_init__")
        if isinstance(after, FunctionValue):
            self.call(BoundMethod(after, made), Arguments(tuple(passed_on), {}, arguments.place))

    def named_tuple(self, cls: ClassValue, arguments: Arguments) -> Value:
        values: list[Value] = []
        for position, name in enumerate(cls.fields):
            value = arguments.get(position, name)
            if value is None:
                value = self.class_attribute(cls, name)
            values.append(value or self.unknown(name, [], arguments.place))
        return Tuple(tuple(values), cls.fields, cls)


def is_in_init(default: Value | None) -> bool:
    """Whether the constructor of a dataclass takes the field."""
    if not isinstance(default, Native) or default.arguments is None:
        return True
    return default.arguments.keywords.get("init") != Const(False)
