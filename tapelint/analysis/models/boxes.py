"""Methods of lists, sets, dicts, tuples, strings and other constants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.models.registry import methods
from tapelint.analysis.models.sequences import dict_
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    Const,
    Data,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter


@methods(Box)
def box_method(machine: Interpreter, receiver: Value, name: str, args: Arguments) -> Value:
    """Run a method of a list, set, deque, dict or iterator."""
    assert isinstance(receiver, Box)
    if machine.contents(receiver).keys is not None:
        return dict_method(machine, receiver, name, args)
    first = args.get(0)
    match name:
        case "append" | "add" | "put" if first is not None:
            machine.append(receiver, first)
            return NONE
        case "appendleft" if first is not None:
            contents = machine.contents(receiver)
            machine.fill(receiver, Contents((first, *contents.values), None, contents.rest))
            return NONE
        case "insert" if len(args.positional) > 1:
            everything = machine.contents(receiver)
            position = args.positional[0]
            if isinstance(position, Const) and isinstance(position.value, int):
                values = list(everything.values)
                values.insert(position.value, args.positional[1])
                machine.fill(receiver, Contents(tuple(values), None, everything.rest))
            else:
                machine.append(receiver, args.positional[1])
            return NONE
        case "extend" | "update" | "extendleft" | "union" if first is not None:
            return extend(machine, receiver, first, args)
        case "pop" | "popleft" | "popitem" | "get" | "get_nowait":
            return pop(machine, receiver, name, args)
        case "copy" | "__iter__" | "intersection" | "difference":
            contents = machine.contents(receiver)
            return machine.fill(Box(receiver.kind), Contents(contents.values, None, contents.rest))
        case "clear":
            machine.fill(receiver, Contents())
            return NONE
        case "reverse" | "rotate" | "sort":
            contents = machine.contents(receiver)
            if name == "reverse" and contents.rest is None:
                machine.fill(receiver, Contents(contents.values[::-1]))
            elif contents.values:
                everything_ = [*contents.values, *([contents.rest] if contents.rest else [])]
                machine.fill(receiver, Contents((), None, machine.join_all(everything_)))
            return NONE
        case "remove" | "discard":
            contents = machine.contents(receiver)
            values_ = [*contents.values, *([contents.rest] if contents.rest else [])]
            rest = machine.join_all(values_) if values_ else None
            machine.fill(receiver, Contents((), None, rest))
            return NONE
        case "index" | "count" | "__len__" | "qsize":
            found = position_of(machine, receiver, name, args)
            if found is not None:
                return found
            return Data(machine.node(name, Kind.PYTHON, DType.INT, args.place))
        case "__getitem__" if first is not None:
            return machine.item(receiver, first, args.place)
        case "__next__" | "next":
            return pop(machine, receiver, "popleft", args)
        case _:
            return machine.opaque_call(f".{name}", [receiver, *args.values], args.place)


def position_of(machine: Interpreter, receiver: Value, name: str, args: Arguments) -> Const | None:
    """Return `items.index(item)` where all items are known."""
    known = machine.elements(receiver)
    if name != "index" or known is None or known.rest is not None or len(args.values) != 1:
        return None
    item = args.values[0]
    if not isinstance(item, Const) or not all(isinstance(v, Const) for v in known.values):
        return None
    return next((Const(i) for i, v in enumerate(known.values) if v == item), None)


def extend(machine: Interpreter, receiver: Box, more: Value, args: Arguments) -> Value:
    known = machine.elements(more)
    if known is None:
        rest = machine.any_element(more, args.place)
    else:
        machine.spend(more)
        for value in known.values:
            machine.append(receiver, value)
        if known.rest is None:
            return NONE
        rest = known.rest
    contents = machine.contents(receiver)
    machine.fill(receiver, Contents(contents.values, None, machine.with_rest(contents, rest)))
    return NONE


def pop(machine: Interpreter, receiver: Box, name: str, args: Arguments) -> Value:
    contents = machine.contents(receiver)
    position = args.get(0)
    index = 0 if name == "popleft" else -1
    if isinstance(position, Const) and isinstance(position.value, int):
        index = position.value
    exact = contents.rest is None and (position is None or isinstance(position, Const))
    if exact and -len(contents.values) <= index < len(contents.values):
        values = list(contents.values)
        taken = values.pop(index)
        machine.fill(receiver, Contents(tuple(values)))
        return taken
    everything = [*contents.values, *([contents.rest] if contents.rest else [])]
    if not everything:
        return machine.unknown(f".{name}", [], args.place)
    return machine.join_all(everything)


def dict_method(machine: Interpreter, receiver: Box, name: str, args: Arguments) -> Value:
    contents = machine.contents(receiver)
    assert contents.keys is not None
    match name:
        case "items":
            sure, unsure = machine.split_optional(contents)
            pairs = tuple(Tuple((machine.key_value(k), v)) for k, v in sure)
            more = [Tuple((machine.key_value(k), v)) for k, v in unsure]
            if contents.rest is not None:
                more.append(Tuple((machine.unknown("key", [], args.place), contents.rest)))
            rest = machine.join_all(more) if more else None
            return machine.fill(Box("list"), Contents(pairs, None, rest))
        case "values":
            sure, unsure = machine.split_optional(contents)
            others = [value for _, value in unsure]
            if contents.rest is not None:
                others.append(contents.rest)
            rest = machine.join_all(others) if others else None
            return machine.fill(Box("list"), Contents(tuple(v for _, v in sure), None, rest))
        case "keys" | "__iter__":
            known = machine.elements(receiver)
            assert known is not None
            return machine.fill(Box("list"), known)
        case "get" | "pop" | "setdefault":
            return lookup(machine, receiver, name, args)
        case "update" | "merge":
            added = dict_(machine, args)
            if isinstance(added, Box):
                both = machine.overlay(contents, machine.contents(added))
                machine.fill(receiver, both)
            return NONE
        case "copy":
            return machine.fill(Box("dict"), contents)
        case "clear":
            machine.fill(receiver, Contents((), ()))
            return NONE
        case "__getitem__" if args.positional:
            return machine.item(receiver, args.positional[0], args.place)
        case "__len__":
            return Data(machine.node(name, Kind.PYTHON, DType.INT, args.place))
        case _:
            return machine.opaque_call(f".{name}", [receiver, *args.values], args.place)


def lookup(machine: Interpreter, receiver: Box, name: str, args: Arguments) -> Value:
    """Run `get`, `pop` or `setdefault` of a dict."""
    key = args.get(0, "key")
    default = args.get(1, "default") or NONE
    if key is None:
        return machine.unknown(f".{name}", [], args.place)
    found = machine.peek_item(receiver, key)
    contents = machine.contents(receiver)
    is_known, constant = machine.key(key)
    if found is not None:
        if name == "pop":
            machine.delete_item(receiver, key)
        elif name == "setdefault" and constant in contents.optional:
            machine.set_box_item(receiver, key, machine.join_values(found, default))
        is_sure = constant not in contents.optional
        return found if is_sure else machine.join_values(found, default)
    options: list[Value] = []
    if not is_known:
        options = [*contents.values]
    if contents.rest is not None:
        options.append(contents.rest)
    if name == "setdefault":
        machine.set_box_item(receiver, key, default)
    return machine.join_all([*options, default])


@methods(Tuple)
def tuple_method(machine: Interpreter, receiver: Value, name: str, args: Arguments) -> Value:
    """Run a method of a tuple or named tuple."""
    assert isinstance(receiver, Tuple)
    match name:
        case "_replace":
            values = list(receiver.elements)
            for key, value in args.keywords.items():
                if key in receiver.names:
                    values[receiver.names.index(key)] = value
            return Tuple(tuple(values), receiver.names, receiver.cls)
        case "_asdict":
            return machine.fill(Box("dict"), Contents(receiver.elements, receiver.names))
        case "index" | "count" | "__len__":
            found = position_of(machine, receiver, name, args)
            if found is not None:
                return found
            return Data(machine.node(name, Kind.PYTHON, DType.INT, args.place))
        case "as_list" | "__iter__" | "copy":
            return machine.sequence("list", receiver.elements)
        case "__getitem__" if args.positional:
            return machine.item(receiver, args.positional[0], args.place)
        case _:
            return machine.unknown(f".{name}", [receiver, *args.values], args.place)


@methods(Const)
def constant_method(machine: Interpreter, receiver: Value, name: str, args: Arguments) -> Value:
    """Run a method of a string or number whose value is known."""
    assert isinstance(receiver, Const)
    known = [v.value for v in args.positional if isinstance(v, Const)]
    is_plain = len(known) == len(args.positional) and not args.keywords
    if name == "format" and isinstance(receiver.value, str):
        if is_plain and known:
            try:
                return Const(receiver.value.format(*known))
            except (ValueError, LookupError, TypeError, AttributeError):
                return machine.text([receiver, *args.values], args.place)
        return machine.text([receiver, *args.values], args.place)
    if isinstance(receiver.value, str) and name in STRING_METHODS and is_plain:
        try:
            result = getattr(receiver.value, name)(*known)
        except (TypeError, ValueError):
            return machine.unknown(f".{name}", [], args.place)
        if isinstance(result, list):
            return machine.sequence("list", [Const(part) for part in result])
        return Const(result)
    if isinstance(receiver.value, str):
        for value in args.positional:
            machine.elements(value)
        return Data(machine.node(name, Kind.PYTHON, DType.STRING, args.place))
    return machine.unknown(f".{name}", args.values, args.place)


STRING_METHODS = frozenset(
    "lower upper strip lstrip rstrip split startswith endswith replace title isdigit capitalize".split()
)
