"""Python's own functions that walk over values, and the containers they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tapelint.analysis import updates
from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.models.registry import models
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    NONE,
    Arguments,
    BoundMethod,
    Box,
    Const,
    Data,
    Dataset,
    FunctionValue,
    Instance,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter


@models("builtins.range")
def range_(machine: Interpreter, args: Arguments) -> Value:
    """Run `range(...)`: the numbers of a short one are known."""
    values = [a.value for a in args.positional if isinstance(a, Const)]
    if len(values) == len(args.positional) and all(isinstance(v, int) for v in values):
        try:
            known = range(*values)
        except (TypeError, ValueError):
            return NONE
        if not known[6:]:
            return machine.sequence("list", [Const(i) for i in known])
    number = Data(machine.node("counter", Kind.PYTHON, DType.INT, args.place))
    return machine.sequence("list", (), number)


@models("builtins.len")
def len_(machine: Interpreter, args: Arguments) -> Value:
    """Run `len(x)`."""
    value = args.get(0)
    if value is not None:
        known = None if isinstance(value, Data | Instance) else machine.elements(value)
        if known is not None and known.rest is None and not machine.has_grown(value):
            return Const(len(known.values))
        if isinstance(value, Data) and value.shape and value.shape[0] is not None:
            return Const(value.shape[0])
        if isinstance(value, Instance):
            method = machine.class_attribute(value.cls, "__len__")
            if isinstance(method, FunctionValue):
                return machine.call(BoundMethod(method, value), Arguments((), {}, args.place))
    return Data(machine.node("len", Kind.PYTHON, DType.INT, args.place))


def rows(
    machine: Interpreter, values: Sequence[Value], args: Arguments
) -> tuple[list[list[Value]], list[Value] | None]:
    """Walk several iterables side by side: known rows, and a row for all further ones."""
    columns = [machine.elements(v) for v in values]
    for value in values:
        machine.spend(value)
    lengths = [len(c.values) for c in columns if c is not None and c.rest is None]
    reach = [len(c.values) if c is not None else 0 for c in columns]
    count = min([*lengths, max(reach)]) if lengths else min(reach)

    def element(index: int, position: int) -> Value:
        column = columns[index]
        if column is None:
            return machine.any_element(values[index], args.place)
        if position < len(column.values):
            return column.values[position]
        if column.rest is not None:
            return column.rest
        return machine.unknown("element", [values[index]], args.place)

    known = [[element(i, position) for i in range(len(values))] for position in range(count)]
    if lengths and count == min(lengths):
        return known, None
    further = []
    for index, column in enumerate(columns):
        if column is None:
            further.append(machine.any_element(values[index], args.place))
        elif column.rest is not None or column.values:
            everything = [*column.values[count:], *([column.rest] if column.rest else [])]
            further.append(machine.join_all(everything or list(column.values)))
        else:
            further.append(machine.unknown("element", [values[index]], args.place))
    return known, further


@models("builtins.zip")
def zip_(machine: Interpreter, args: Arguments) -> Value:
    """Run `zip(a, b)`."""
    if len(args.positional) == 0:
        return machine.sequence("zip", (), machine.unknown("zip", [], args.place))

    updates.examine_zip(machine, args.positional, args.place)

    def walk() -> Contents:
        known, further = rows(machine, args.positional, args)
        rest: Value | None = None if further is None else Tuple(tuple(further))
        if args.is_open:
            rest = machine.unknown("zip", list(args.positional), args.place)
            return Contents((), None, rest)
        return Contents(tuple(Tuple(tuple(r)) for r in known), None, rest)

    return machine.fill(Box("zip"), walk())


@models("builtins.enumerate")
def enumerate_(machine: Interpreter, args: Arguments) -> Value:
    """Run `enumerate(iterable, start)`."""
    source = args.get(0)
    if source is None:
        return NONE
    start = args.get(1, "start")
    first = start.value if isinstance(start, Const) and isinstance(start.value, int) else 0
    known, further = rows(machine, [source], args)
    counter = Data(machine.node("counter", Kind.PYTHON, DType.INT, args.place))
    exact = further is None and len(known) <= 6
    values = [
        Tuple((Const(first + i) if exact else counter, row[0])) for i, row in enumerate(known)
    ]
    rest = None if further is None else Tuple((counter, further[0]))
    return machine.sequence("iterator", values, rest)


@models("builtins.map", "itertools.starmap")
def map_(machine: Interpreter, args: Arguments) -> Value:
    """Run `map(function, iterable, ...)`, when somebody walks over it."""
    if len(args.positional) < 2:
        return machine.opaque_call("map", args.values, args.place)
    function, sources = args.positional[0], args.positional[1:]

    def walk() -> Contents:
        known, further = rows(machine, sources, args)
        results = [machine.call(function, Arguments(tuple(r), {}, args.place)) for r in known]
        rest = None
        if further is not None:
            rest = machine.call(function, Arguments(tuple(further), {}, args.place))
        return Contents(tuple(results), None, rest)

    return machine.pending(walk)


@models("builtins.filter")
def filter_(machine: Interpreter, args: Arguments) -> Value:
    """Run `filter(function, iterable)`."""
    if len(args.positional) != 2:
        return machine.opaque_call("filter", args.values, args.place)
    function, source = args.positional
    known, further = rows(machine, [source], args)
    kept: list[Value] = []
    rest = None if further is None else further[0]
    for row in known:
        passed = machine.truth(
            row[0]
            if isinstance(function, Const)
            else machine.call(function, Arguments(tuple(row), {}, args.place))
        )
        if passed is True:
            kept.append(row[0])
        elif passed is None:
            rest = row[0] if rest is None else machine.join_values(rest, row[0])
    return machine.sequence("iterator", kept, rest)


@models("builtins.list")
def list_(machine: Interpreter, args: Arguments) -> Value:
    """Run `list(iterable)`."""
    source = args.get(0)
    return machine.sequence("list", ()) if source is None else to_list(machine, source, args)


@models("builtins.set", "builtins.frozenset")
def set_(machine: Interpreter, args: Arguments) -> Value:
    """Run `set(iterable)`."""
    source = args.get(0)
    if source is None:
        return machine.sequence("set", ())
    return to_list(machine, source, args, "set")


def to_list(machine: Interpreter, source: Value, args: Arguments, kind: str = "list") -> Value:
    """Return a new box of what walking over a value gives."""
    known = machine.elements(source)
    if known is None:
        return machine.sequence(kind, (), machine.any_element(source, args.place))
    machine.spend(source)
    return machine.sequence(kind, known.values, known.rest)


@models("builtins.tuple")
def tuple_(machine: Interpreter, args: Arguments) -> Value:
    """Run `tuple(iterable)`."""
    source = args.get(0)
    if source is None:
        return Tuple(())
    made = to_list(machine, source, args)
    assert isinstance(made, Box)
    contents = machine.contents(made)
    return Tuple(contents.values) if contents.rest is None else made


@models("builtins.iter")
def iter_(machine: Interpreter, args: Arguments) -> Value:
    """Run `iter(iterable)`."""
    source = args.get(0)
    if source is None or isinstance(source, Dataset):
        return source or NONE
    if isinstance(source, Box) and source.kind in ("iterator", "generator", "zip"):
        return source
    return to_list(machine, source, args, "iterator")


@models("builtins.next")
def next_(machine: Interpreter, args: Arguments) -> Value:
    """Run `next(iterator, default)`."""
    source = args.get(0)
    if isinstance(source, Box):
        contents = machine.contents(source)
        if contents.values and contents.keys is None:
            machine.fill(source, Contents(contents.values[1:], None, contents.rest))
            return contents.values[0]
        if contents.rest is not None:
            return contents.rest
        if len(args.positional) > 1:
            return args.positional[1]
    if isinstance(source, Dataset | Instance):
        return machine.any_element(source, args.place)
    return machine.unknown("next", args.values, args.place)


@models("builtins.sorted")
def reordered(machine: Interpreter, args: Arguments) -> Value:
    """Run `sorted(iterable)`: of what is not constant the order is lost."""
    source = args.get(0)
    if source is None:
        return NONE
    known = machine.elements(source)
    if known is not None and known.rest is None and not args.keywords:
        values = known.values
        if all(isinstance(v, Const) for v in values):
            try:
                return machine.sequence(
                    "list",
                    [Const(x) for x in sorted(v.value for v in values)],  # type: ignore[union-attr]
                )
            except TypeError:
                pass
    if known is not None and known.rest is None and len(known.values) == 1:
        return to_list(machine, source, args)
    rest = machine.any_element(source, args.place)
    return machine.sequence("list", (), rest)


@models("builtins.reversed")
def reversed_(machine: Interpreter, args: Arguments) -> Value:
    """Run `reversed(sequence)`."""
    source = args.get(0)
    known = machine.elements(source) if source is not None else None
    if known is not None and known.rest is None:
        return machine.sequence("iterator", known.values[::-1])
    return reordered(machine, args)


@models("itertools.chain")
def chain(machine: Interpreter, args: Arguments) -> Value:
    """Run `chain(a, b)`."""
    values: list[Value] = []
    rest: Value | None = None
    for source in args.positional:
        known = machine.elements(source)
        if known is None:
            more = machine.any_element(source, args.place)
            rest = more if rest is None else machine.join_values(rest, more)
            continue
        machine.spend(source)
        if rest is None:
            values.extend(known.values)
        else:
            rest = machine.join_all([rest, *known.values])
        if known.rest is not None:
            rest = known.rest if rest is None else machine.join_values(rest, known.rest)
    if args.is_open:
        rest = machine.unknown("chain", [], args.place)
    return machine.sequence("iterator", values, rest)


@models("itertools.chain.from_iterable")
def chain_from(machine: Interpreter, args: Arguments) -> Value:
    """Run `chain.from_iterable(iterables)`."""
    if not args.positional:
        return machine.opaque_call("chain", args.values, args.place)
    known = machine.elements(args.positional[0])
    if known is None or known.rest is not None:
        inner = machine.any_element(args.positional[0], args.place)
        return machine.sequence("iterator", (), machine.any_element(inner, args.place))
    return chain(machine, Arguments(known.values, {}, args.place))


@models("builtins.dict", "collections.OrderedDict", "collections.Counter")
def dict_(machine: Interpreter, args: Arguments) -> Value:
    """Run `dict(mapping_or_pairs, name=value)`."""
    made = Contents((), ())
    source = args.get(0)
    if isinstance(source, Box) and machine.contents(source).keys is not None:
        made = replace(machine.contents(source), is_spent=False)
    elif source is not None:
        known = machine.elements(source)
        pairs = known.values if known is not None else ()
        for pair in pairs:
            key, value = machine.unpacked(pair, 2, args.place)
            is_known, constant = machine.key(key)
            one = Contents((value,), (constant,)) if is_known else Contents((), (), value)
            made = machine.overlay(made, one)
        if known is None or known.rest is not None:
            others = known.rest if known is not None and known.rest is not None else None
            pair = others or machine.any_element(source, args.place)
            value = machine.unpacked(pair, 2, args.place)[1]
            made = machine.overlay(made, Contents((), (), value))
    named = Contents(tuple(args.keywords.values()), tuple(args.keywords))
    made = machine.overlay(made, named)
    if args.is_open:
        more = machine.unknown("dict", [], args.place)
        made = machine.overlay(made, Contents((), (), more))
    return machine.fill(Box("dict"), made)


@models("collections.defaultdict")
def defaultdict(machine: Interpreter, args: Arguments) -> Value:
    """Run `defaultdict(factory, ...)`."""
    made = dict_(machine, Arguments(args.positional[1:], args.keywords, args.place))
    if args.positional and isinstance(made, Box):
        machine.state.cells[("default", made.identity)] = args.positional[0]
    return made


@models("builtins.sum", "math.fsum")
def sum_(machine: Interpreter, args: Arguments) -> Value:
    """Run `sum(iterable, start)`."""
    source = args.get(0)
    if source is None:
        return NONE
    known = machine.elements(source)
    machine.spend(source)
    if known is None or known.rest is not None:
        if known is not None and not known.values and known.rest is None:
            return Const(0)
        values = [source] if known is None else [*known.values, known.rest or source]
        kind = machine.kind_of(values)
        if isinstance(source, Data) and known is None:
            kind = machine.kind_of([source])
        return machine.record("sum", [("x", v) for v in values], args.place, kind=kind)
    total: Value = args.get(1, "start") or Const(0)
    for value in known.values:
        total = machine.binary("+", total, value, args.place)
    return total


@models("builtins.min", "builtins.max")
def min_(machine: Interpreter, args: Arguments) -> Value:
    """Run `min` or `max`: any of the values."""
    values = list(args.positional)
    if len(values) == 1:
        known = machine.elements(values[0])
        if known is None:
            return machine.any_element(values[0], args.place)
        machine.spend(values[0])
        values = [*known.values, *([known.rest] if known.rest is not None else [])]
    if not values:
        return machine.unknown("max", [], args.place)
    if all(isinstance(v, Const) for v in values) and not args.keywords:
        return Data(machine.node("max", Kind.PYTHON, DType.UNKNOWN, args.place))
    return machine.join_all(values)


@models("builtins.any", "builtins.all")
def any_(machine: Interpreter, args: Arguments) -> Value:
    """Run `any(iterable)`, and `all` alike: what comes out is seldom known."""
    for value in args.positional:
        machine.elements(value)
        machine.spend(value)
    return Data(machine.node("any", Kind.PYTHON, DType.BOOL, args.place))
