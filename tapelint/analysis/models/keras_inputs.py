"""The static shapes that Keras models are fed (Keras 3.15)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tapelint.analysis import shapes
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    Const,
    Data,
    Symbolic,
    Tuple,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

# Under a KerasTensor: a blank tensor of its shape.
SHAPE = "<shape>"


def number(value: Value | None) -> int | None:
    """Return a known whole number, which a flag is not."""
    known = value.value if isinstance(value, Const) else None
    return known if isinstance(known, int) and not isinstance(known, bool) else None


def elements(machine: Interpreter) -> shapes.Elements:
    """Return what lists the elements of a display."""

    def listed(value: Value) -> tuple[Value, ...] | None:
        known = machine.elements(value) if isinstance(value, Tuple | Box) else None
        return known.values if known is not None and known.rest is None else None

    return listed


def of_input(machine: Interpreter, args: Arguments) -> shapes.Shape:
    """Return the shape of `keras.Input(shape=..., batch_size=...)`, the batch included.

    A first layer may say the same: `Dense(4, input_shape=(3,))`, `Dense(4, input_dim=3)`.
    """
    whole = args.get(None, "batch_shape", "batch_input_shape")
    if whole is not None and whole != NONE:
        return shapes.written(whole, elements(machine))
    given = args.get(None, "shape", "input_shape", "input_dim")
    batch = number(args.get(None, "batch_size"))
    if given is None or given == NONE:
        return None
    shape = shapes.written(given, elements(machine))
    return None if shape is None else (batch, *shape)


def keep_shape(machine: Interpreter, made: Symbolic, shape: shapes.Shape) -> None:
    """Note the shape of an input."""
    if shape is not None:
        parts = tuple(Const(n) for n in shape)
        machine.state.cells[(made.identity, SHAPE)] = Tuple(parts)


def kept_shape(machine: Interpreter, made: Value | None) -> shapes.Shape:
    """Return the shape of an input, the batch included."""
    if not isinstance(made, Symbolic):
        return None
    held = machine.state.cells.get((made.identity, SHAPE))
    if not isinstance(held, Tuple):
        return None
    return tuple(number(part) for part in held.elements)


def fitted(value: Value, wanted: shapes.Shape) -> Value:
    """Return what a model is fed in the shape of its input.

    Keras 3.15 adds or drops a last axis of one element where the number of axes differs.
    """
    if wanted is None or not isinstance(value, Data):
        return value
    known = value.shape
    if known is None:
        return replace(value, shape=wanted, is_column=False)
    batch = known[0] if known else None
    inner = known[1:] if len(known) == len(wanted) else wanted[1:]
    sharper = tuple(a if a is not None else b for a, b in zip(inner, wanted[1:], strict=True))
    return replace(value, shape=(batch, *sharper), is_column=False)
