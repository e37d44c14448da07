"""Random numbers of NumPy: the dtype and the shape of what is drawn (NumPy 2)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tapelint.analysis import shapes
from tapelint.analysis.graph import DType, Kind
from tapelint.analysis.models.operations import dtype_class, known_elements, shape_of
from tapelint.analysis.shapes import Shape
from tapelint.analysis.values import NONE, Arguments, Const, Data, Value

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

# Where the size stands.
FLOATS = {
    "normal": 2, "uniform": 2, "lognormal": 2, "beta": 2, "random": 0, "random_sample": 0,
    "standard_normal": 0, "exponential": 1,
}  # fmt: skip
INTS = {"randint": 2, "integers": 2, "binomial": 2, "poisson": 1}
# The numbers of the axes are arguments of their own.
UNPACKED = frozenset({"rand", "randn"})

Drawn = tuple[DType, Shape]


def drawn(
    machine: Interpreter, name: str, args: Arguments, *, takes_rows: bool = True
) -> Drawn | None:
    """Return the dtype and the shape of what a method of a generator draws; None for others.

    `takes_rows`: `choice` may be of an array with several axes, whose rows it takes then; the
    functions of `np.random` refuse one.
    """
    if name in UNPACKED:
        axes = tuple(shapes.whole(v) for v in args.positional)
        return DType.FLOAT, None if args.is_open else axes
    for position, dtype in ((FLOATS.get(name), DType.FLOAT), (INTS.get(name), DType.INT)):
        if position is not None:
            return dtype, sampled(machine, args, position, has_parameters=True)
    population = args.get(0, "a", "x")
    if population is None or name not in ("choice", "permutation"):
        return None
    if is_count(population):
        taken = sampled(machine, args, 1) if name == "choice" else (shapes.whole(population),)
        return DType.INT, taken
    dtype, of = dtype_class(machine, population), shape_of(machine, population)
    if name == "permutation":
        return dtype, of or None
    if not takes_rows:
        return dtype, sampled(machine, args, 1)
    size = sampled(machine, args, 1)
    is_along_first = args.get(None, "axis") in (None, Const(0))
    return dtype, None if not of or size is None or not is_along_first else (*size, *of[1:])


def is_count(value: Value) -> bool:
    """Whether a value is a whole number of Python's: the population is what is counted so far."""
    match value:
        case Const(value=int()):
            return True
        case Data():
            return value.kind is Kind.PYTHON and value.dtype is DType.INT
        case _:
            return False


def sampled(
    machine: Interpreter, args: Arguments, position: int, *, has_parameters: bool = False
) -> Shape:
    """Return the shape that is asked for; without a size that of one number, or of its parameters."""
    if args.is_open:
        return None
    size = args.get(position, "size")
    if size is not None and size != NONE:
        if isinstance(size, Data) and is_count(size):
            return (None,)
        return shapes.written(size, partial(known_elements, machine))
    found: Shape = ()
    if has_parameters:
        named = [v for name, v in args.keywords.items() if name not in ("size", "dtype")]
        for parameter in (*args.positional[:position], *named):
            found = shapes.broadcast(found, shape_of(machine, parameter))
    return found
