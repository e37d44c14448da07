"""Command lines read by `argparse`: what is known of an argument is its type, and not its number.

Facts of Python 3.11: a default that is a string goes through `type` as the command line does, any
other is taken as it is. What may be None, or of another type, is not known at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.ir import Place
from tapelint.analysis.models.operations import dtype_class
from tapelint.analysis.models.registry import LibraryClass, library_class
from tapelint.analysis.state import Contents
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    Const,
    Data,
    External,
    Instance,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

KNOWN = "<arguments>"
# `type=bool` makes True of every word that is not empty.
TYPES = {"builtins.int": DType.INT, "builtins.float": DType.FLOAT, "builtins.bool": DType.BOOL}
FLAGS = frozenset({"store_true", "store_false"})
MANY = frozenset({"+", "*"})


@library_class("argparse.ArgumentParser")
class Parser(LibraryClass):
    """A parser, and the groups it has: a group adds its arguments to the parser."""

    def init(self, machine: Interpreter, made: Instance, arguments: Arguments) -> None:
        """Run `ArgumentParser(...)`."""
        machine.state.cells[(made.identity, KNOWN)] = machine.fill(Box("dict"), Contents((), ()))

    def attribute(
        self, machine: Interpreter, instance: Instance, name: str, at: Place
    ) -> Value | None:
        """Return a text of the parser, as something unknown; its methods are below."""
        if name in ("description", "epilog", "prog", "usage"):
            return machine.unknown(f".{name}", [], at)
        return None

    def method(
        self, machine: Interpreter, instance: Instance, name: str, arguments: Arguments
    ) -> Value:
        """Run a method that the project does not define."""
        known = machine.state.cells.get((instance.identity, KNOWN))
        match name:
            case "add_argument" if isinstance(known, Box):
                add(machine, known, arguments)
                return machine.unknown("action", [], arguments.place)
            case "set_defaults" if isinstance(known, Box):
                for key in arguments.keywords:
                    value = machine.unknown(f".{key}", [], arguments.place)
                    machine.set_box_item(known, Const(key), value)
                if arguments.is_open:
                    forget(machine, known, arguments.place)
                return NONE
            case "add_argument_group" | "add_mutually_exclusive_group":
                return instance
            case "add_subparsers" if isinstance(known, Box):
                # Each of them may have an argument of any name.
                forget(machine, known, arguments.place)
                return machine.unknown(name, [], arguments.place)
            case "parse_args" | "parse_intermixed_args":
                return namespace(machine, known, arguments)
            case "parse_known_args" | "parse_known_intermixed_args":
                words = Data(machine.node("argv", Kind.PYTHON, DType.STRING, arguments.place))
                rest = machine.sequence("list", (), words)
                return Tuple((namespace(machine, known, arguments), rest))
            case "error" | "exit":
                machine.die()
                return NONE
            case _:
                return machine.unknown(name, [], arguments.place)


def forget(machine: Interpreter, known: Box, place: Place) -> None:
    """Let every argument be anything."""
    keys = machine.contents(known).keys or ()
    values = tuple(machine.unknown(f".{key}", [], place) for key in keys)
    machine.fill(known, Contents(values, keys))
    machine.state.cells[("forgotten", known.identity)] = Const(True)


def namespace(machine: Interpreter, known: Value | None, args: Arguments) -> Value:
    """Return what a command line gives; a namespace that is handed in may hold anything before."""
    rest = machine.unknown("arguments", [], args.place)
    if not isinstance(known, Box) or args.is_open or args.get(1, "namespace") not in (None, NONE):
        return rest
    contents = machine.contents(known)
    return machine.fill(Box("namespace"), Contents(contents.values, contents.keys, rest))


def add(machine: Interpreter, known: Box, args: Arguments) -> None:
    """Run `add_argument(name, ..., type=, default=, action=, nargs=, required=, dest=)`."""
    name = destination(args)
    if name is None:
        if args.keywords.get("dest") is not None or args.is_open:
            forget(machine, known, args.place)
        return
    is_forgotten = ("forgotten", known.identity) in machine.state.cells
    value = None if is_forgotten or args.is_open else typed(machine, args)
    if value is None:
        value = machine.unknown(f".{name}", [], args.place)
    machine.set_box_item(known, Const(name), value)


def destination(args: Arguments) -> str | None:
    """Return the attribute of an argument, None where its name is not written out."""
    stated = args.keywords.get("dest")
    if stated is not None:
        return stated.value if isinstance(stated, Const) and isinstance(stated.value, str) else None
    names = [v.value for v in args.positional if isinstance(v, Const) and isinstance(v.value, str)]
    if not names or len(names) < len(args.positional):
        return None
    found = next((name for name in names if name.startswith("--")), names[0])
    return found.lstrip("-").replace("-", "_") if found.startswith("-") else found


def typed(machine: Interpreter, args: Arguments) -> Value | None:
    """Return a value of the type that an argument always has; None where there may be another."""
    given = args.keywords
    action, count = given.get("action", Const("store")), given.get("nargs", NONE)
    dtype = type_of(given, action)
    if dtype is None or not is_ever_of(machine, args, dtype, action):
        return None
    value = Data(machine.node("argument", Kind.PYTHON, dtype, args.place))
    if action != Const("store") or count == NONE:
        return value
    if isinstance(count, Const) and (count.value in MANY or isinstance(count.value, int)):
        return machine.sequence("list", (), value)
    return None


def type_of(given: Mapping[str, Value], action: Value) -> DType | None:
    """Return the type of what a command line gives for an argument."""
    if isinstance(action, Const) and action.value in FLAGS:
        return DType.BOOL
    if isinstance(action, External):
        is_flag = action.name == "argparse.BooleanOptionalAction"
        return DType.BOOL if is_flag else None
    if action == Const("count"):
        return DType.INT
    stated = given.get("type")
    if action != Const("store") or not isinstance(stated, External):
        return None
    return TYPES.get(stated.name)


def is_ever_of(machine: Interpreter, args: Arguments, dtype: DType, action: Value) -> bool:
    """Whether an argument that the command line leaves out has the type as well."""
    given = args.keywords
    default = given.get("default")
    if default is None or default == NONE:
        first = args.positional[0] if args.positional else NONE
        is_positional = isinstance(first, Const) and not str(first.value).startswith("-")
        is_needed = given.get("required") == Const(True) or is_positional
        is_flag = isinstance(action, Const) and action.value in FLAGS and default is None
        # Of a positional one with `?` or `*` nothing need be there.
        return is_flag or (is_needed and given.get("nargs") not in (Const("?"), Const("*")))
    if isinstance(default, Const) and isinstance(default.value, str):
        return action == Const("store")
    return dtype_class(machine, default) is dtype
