"""Records: dataclasses, named tuples, namespaces and enumerations."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from tapelint.analysis.making import is_in_init
from tapelint.analysis.models.copies import deep_copy
from tapelint.analysis.models.registry import models
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    Arguments,
    Box,
    ClassValue,
    Const,
    External,
    FunctionValue,
    Instance,
    Native,
    Tuple,
    Value,
    fresh,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

FIELD = "field"
MEMBERS = "<members>"


# ---------------------------------------------------------------------- dataclasses


@models("dataclasses.field", "attrs.field", "attr.ib", "attr.field", "attr.attrib")
def field(machine: Interpreter, args: Arguments) -> Value:
    """Run `field(default=..., default_factory=...)`: what it holds is made once an object."""
    factory = args.keywords.get("default_factory", args.keywords.get("factory"))
    default = args.keywords.get("default")
    if default is None and args.positional:
        default = args.positional[0]

    def make(inner: Interpreter, given: Arguments) -> Value:
        if factory is not None:
            return inner.call(factory, Arguments((), {}, given.place))
        return default if default is not None else inner.unknown(FIELD, [], given.place)

    return Native(FIELD, make, (), args)


@models("dataclasses.replace", "attr.evolve", "attrs.evolve", "copy.replace")
def replace(machine: Interpreter, args: Arguments) -> Value:
    """Run `replace(record, name=value)`: a new object from the fields of the old one."""
    old = args.get(0, "obj", "inst")
    if isinstance(old, Tuple) and old.names:
        changed = [args.keywords.get(n, v) for n, v in zip(old.names, old.elements, strict=True)]
        return Tuple(tuple(changed), old.names, old.cls)
    cls = record_class(machine, old)
    if cls is None or not isinstance(old, Instance):
        return machine.unknown("replace", args.values, args.place)
    held = {
        name: machine.attribute(old, name, args.place)
        for name in cls.fields
        if is_in_init(machine.class_attribute(cls, name))
    }
    made: Value = old.cls
    return machine.call(made, Arguments((), {**held, **args.keywords}, args.place))


@models("dataclasses.asdict", "attr.asdict", "attrs.asdict")
def asdict(machine: Interpreter, args: Arguments) -> Value:
    """Run `asdict(record)`, which copies what the record holds, variables too."""
    record = args.get(0, "obj", "inst")
    names, values = parts(machine, record, args)
    if names is None:
        return machine.unknown("asdict", args.values, args.place)
    return machine.fill(Box("dict"), Contents(tuple(values), tuple(names)))


@models("dataclasses.astuple", "attr.astuple", "attrs.astuple")
def astuple(machine: Interpreter, args: Arguments) -> Value:
    """Run `astuple(record)`, which copies what the record holds, variables too."""
    record = args.get(0, "obj", "inst")
    names, values = parts(machine, record, args)
    if names is None:
        return machine.unknown("astuple", args.values, args.place)
    return Tuple(tuple(values))


def parts(
    machine: Interpreter, record: Value | None, args: Arguments
) -> tuple[Sequence[str] | None, list[Value]]:
    """Return the names and the copied values of a record's fields, inner records taken apart."""
    cls = record_class(machine, record)
    if cls is None or record is None:
        return None, []

    def inner(value: Value) -> Value:
        if record_class(machine, value) is None:
            return deep_copy(machine, value, args.place)
        again = Arguments((value,), {}, args.place)
        return asdict(machine, again)

    return cls.fields, [inner(machine.attribute(record, n, args.place)) for n in cls.fields]


@models("dataclasses.fields", "attr.fields", "attrs.fields")
def fields(machine: Interpreter, args: Arguments) -> Value:
    """Run `fields(record)`: of each field its name."""
    record = args.get(0, "class_or_instance", "cls")
    cls = record if isinstance(record, ClassValue) else record_class(machine, record)
    if not isinstance(cls, ClassValue) or not cls.fields:
        return machine.unknown("fields", [], args.place)
    named = [Contents((Const(name),), ("name",)) for name in cls.fields]
    return Tuple(tuple(machine.fill(Box("namespace"), contents) for contents in named))


def record_class(machine: Interpreter, value: Value | None) -> ClassValue | None:
    """Return the dataclass that an object is an instance of."""
    if not isinstance(value, Instance):
        return None
    return machine.dataclass_of(value.cls)


# ---------------------------------------------------------------------- named tuples


@models("collections.namedtuple", "typing.NamedTuple", "typing_extensions.NamedTuple")
def namedtuple(machine: Interpreter, args: Arguments) -> Value:
    """Run `namedtuple("P", "x y", defaults=...)` or `NamedTuple("P", [("x", int)])`."""
    title, stated = args.get(0, "typename"), args.get(1, "field_names", "fields")
    names = None if stated is None else field_names(machine, stated)
    if names is None or not isinstance(title, Const):
        return machine.opaque_call("namedtuple", args.values, args.place)
    identity = fresh()
    cls = ClassValue(
        str(title.value), (), identity, args.place, frozenset({"namedtuple"}), tuple(names)
    )
    cells = machine.state.cells
    cells[(identity, "<class>")] = cls
    cells[(identity, "_fields")] = Tuple(tuple(Const(name) for name in names))
    defaults = args.keywords.get("defaults")
    known = None if defaults is None else machine.elements(defaults)
    if known is not None and known.values:
        for name, value in zip(names[-len(known.values) :], known.values, strict=False):
            cells[(identity, name)] = value
    return cls


def field_names(machine: Interpreter, stated: Value) -> list[str] | None:
    if isinstance(stated, Const) and isinstance(stated.value, str):
        return stated.value.replace(",", " ").split()
    known = machine.elements(stated)
    if known is None or known.rest is not None:
        return None
    names = []
    for value in known.values:
        if isinstance(value, Tuple) and value.elements:
            value = value.elements[0]
        if not isinstance(value, Const) or not isinstance(value.value, str):
            return None
        names.append(value.value)
    return names


# ---------------------------------------------------------------------- namespaces


@models("types.SimpleNamespace", "argparse.Namespace", "easydict.EasyDict", "munch.Munch")
def namespace(machine: Interpreter, args: Arguments) -> Value:
    """Run `SimpleNamespace(a=1)`."""
    items: dict[Hashable, Value] = dict(args.keywords.items())
    rest = None
    source = args.get(0)
    if isinstance(source, Box):
        contents = machine.contents(source)
        items = {**dict(zip(contents.keys or (), contents.values, strict=False)), **items}
        rest = contents.rest
    if args.is_open or (source is not None and not isinstance(source, Box)):
        rest = machine.unknown("namespace", list(args.positional), args.place)
    return machine.fill(Box("namespace"), Contents(tuple(items.values()), tuple(items), rest))


# ---------------------------------------------------------------------- enumerations


def make_members(machine: Interpreter, cls: ClassValue) -> None:
    """Turn what the body of an enumeration assigned into its members."""
    members = []
    for name, value in machine.attributes(cls.identity).items():
        is_function = isinstance(value, FunctionValue | Native | ClassValue)
        if is_function or name.startswith(("_", "<")):
            continue
        member = Instance(cls)
        cells = machine.state.cells
        if isinstance(value, External) or value == Const(None):
            value = machine.unknown("value", [], cls.place)
        cells[(member.identity, "name")] = Const(name)
        cells[(member.identity, "value")] = value
        cells[(member.identity, "<member>")] = Const(True)
        cells[(cls.identity, name)] = member
        members.append(member)
    machine.state.cells[(cls.identity, MEMBERS)] = Tuple(tuple(members))


@models("enum.auto")
def auto(machine: Interpreter, args: Arguments) -> Value:
    """Run `auto()`: some number."""
    return machine.unknown("auto", [], args.place)


def member_of(machine: Interpreter, cls: ClassValue, value: Value | None) -> Value | None:
    """Return the member with a value, None where it is not known which."""
    members = machine.state.cells.get((cls.identity, MEMBERS))
    if not isinstance(members, Tuple):
        return None
    for member in members.elements:
        assert isinstance(member, Instance)
        held = machine.state.cells.get((member.identity, "value"))
        if isinstance(held, Const) and held == value:
            return member
    return machine.join_all(members.elements) if members.elements else None
