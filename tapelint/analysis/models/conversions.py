"""Numbers and text made of values: where a gradient leaves TensorFlow for Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis.graph import DType, Effect, Kind, Reason
from tapelint.analysis.models.registry import models
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Const,
    Data,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter


@models("builtins.divmod")
def divmod_(machine: Interpreter, args: Arguments) -> Value:
    """Run `divmod(x, y)`."""
    if len(args.positional) != 2:
        return machine.opaque_call("divmod", args.values, args.place)
    return Tuple(tuple(machine.binary(op, *args.positional, args.place) for op in ("//", "%")))


@models("builtins.abs", "builtins.pow")
def arithmetic(machine: Interpreter, args: Arguments) -> Value:
    """Run `abs(x)` or `pow(x, y)`."""
    values = list(args.positional)
    if all(isinstance(v, Const) for v in values) and len(values) == 1:
        try:
            return Const(abs(values[0].value))  # type: ignore[union-attr]
        except TypeError:
            return NONE
    kind = machine.kind_of(values)
    if len(values) == 2:
        return machine.binary("**", values[0], values[1], args.place)
    return machine.record("abs", [("x", v) for v in values], args.place, kind=kind)


def converter(name: str, dtype: DType) -> None:
    """Register `float`, `int`, `bool` or `complex`."""

    @models(f"builtins.{name}")
    def convert(machine: Interpreter, args: Arguments) -> Value:
        value = args.get(0)
        if value is None:
            return Const({"float": 0.0, "int": 0, "bool": False}.get(name))
        if isinstance(value, Const):
            try:
                return Const({"float": float, "int": int, "bool": bool}[name](value.value))
            except (TypeError, ValueError, KeyError, OverflowError):
                return Data(machine.node(name, Kind.PYTHON, dtype, args.place))
        if name == "float" and machine.frame_is_graph():
            # AutoGraph turns float(tensor) into a cast, which has a gradient (TensorFlow 2.21).
            kind = machine.kind_of([value])
            return machine.record("tf.cast", [("x", value)], args.place, dtype=dtype, kind=kind)
        return machine.record(
            name,
            [("x", value)],
            args.place,
            dtype=dtype,
            kind=Kind.PYTHON,
            effect=Effect.CUT,
            reason=Reason.PYTHON,
        )


for _name, _dtype in (
    ("float", DType.FLOAT),
    ("int", DType.INT),
    ("bool", DType.BOOL),
    ("complex", DType.COMPLEX),
):
    converter(_name, _dtype)


@models("builtins.round")
def round_(machine: Interpreter, args: Arguments) -> Value:
    """Run `round(x)`."""
    value = args.get(0)
    if isinstance(value, Const):
        return Data(machine.node("round", Kind.PYTHON, DType.UNKNOWN, args.place))
    kind = Kind.PYTHON if value is None else machine.kind_of([value])
    return machine.record(
        "round",
        [("x", v) for v in args.positional[:1]],
        args.place,
        kind=kind,
        effect=Effect.CUT,
        reason=Reason.PYTHON,
    )


@models("builtins.str", "builtins.repr", "builtins.format", "builtins.ascii", "builtins.bytes")
def text(machine: Interpreter, args: Arguments) -> Value:
    """Run `str(x)` and what else makes text."""
    value = args.get(0)
    if value is None:
        return Const("")
    if isinstance(value, Const):
        return Const(str(value.value))
    return machine.text([value], args.place)
