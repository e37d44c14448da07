"""NumPy, SciPy, pandas and `math`: whatever they make is an array or a number, off every tape.

TensorFlow 2.21: `np.f(tensor)` reads the numbers out, except `np.flip`, which only indexes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tapelint.analysis import shapes
from tapelint.analysis.graph import DType, Effect, Kind, Reason
from tapelint.analysis.models.constants import dtype_of
from tapelint.analysis.models.draws import drawn
from tapelint.analysis.models.operations import dtype_class, known_elements, number, shape_of
from tapelint.analysis.models.registry import families, models
from tapelint.analysis.values import (
    Arguments,
    BoundMethod,
    Const,
    Data,
    External,
    FunctionValue,
    Value,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

INTS = frozenset(
    "argmax argmin argsort nonzero searchsorted digitize bincount count_nonzero flatnonzero "
    "argwhere ndim size unravel_index indices triu_indices tril_indices lexsort argpartition "
    "random.randint".split()
)
BOOLS = frozenset(
    "any all isnan isinf isfinite allclose isclose array_equal greater less greater_equal "
    "less_equal equal not_equal logical_and logical_or logical_not iterable isscalar in1d isin "
    "testing.assert_allclose".split()
)
# Only the shape of the argument matters.
VALUE_FREE = frozenset(
    "zeros_like ones_like empty_like full_like shape ndim size result_type broadcast_shapes".split()
)
ROOTS = ("np.", "numpy.", "scipy.", "math.", "cmath.", "jax.numpy.", "pd.", "pandas.", "sklearn.",
         "statistics.", "cv2.", "skimage.", "torch.")  # fmt: skip
PRINTERS = (
    "np.set_printoptions",
    "np.save",
    "np.savez",
    "np.savetxt",
    "np.random.seed",
    "np.testing.",
)
FLOATING = frozenset(
    "random.rand random.randn random.normal random.uniform linspace zeros ones empty eye identity "
    "logspace geomspace random.random random.standard_normal random.random_sample".split()
)


@families(*ROOTS)
def outside(machine: Interpreter, name: str, args: Arguments) -> Value:
    """Call a function of a numeric library that is not TensorFlow."""
    short = name.partition(".")[2]
    if name.startswith(PRINTERS):
        return Const(None)
    for value in args.values:
        if isinstance(value, FunctionValue | BoundMethod):
            # for: scipy.optimize.minimize(fun, x0)
            return machine.opaque_call(name, args.values, args.place)
    written = target_of(short, args)
    if written is not None:
        for value in args.values:
            if value is not written:
                machine.absorb(written, value, args.place)
        return Const(None)
    folded = constant_of(name, args)
    if folded is not None:
        return folded
    dtype = result_dtype(machine, name, short, args)
    kind = Kind.PYTHON if name.startswith(("math.", "cmath.", "statistics.")) else Kind.ARRAY
    if short in VALUE_FREE:
        return machine.record(
            name,
            [("", v) for v in args.values],
            args.place,
            dtype=dtype,
            kind=kind,
            effect=Effect.CUT,
            reason=Reason.VALUE_FREE,
        )
    values = [v for v in args.values if not isinstance(v, External)]
    if short == "meshgrid" and not args.is_open and args.positional:
        grids = [
            machine.leave_tensorflow(name, args.positional, args.place, kind, dtype, Reason.NUMPY)
            for _ in args.positional
        ]
        for grid in grids:
            grid.node.operands = (*grid.node.operands, *args.keywords.items())
        number(grids)
        return machine.sequence("list", grids)
    drawing = None
    if name.startswith("np.random."):
        drawing = drawn(machine, short.removeprefix("random."), args, takes_rows=False)
    shape = array_shape(machine, short, args) if drawing is None else drawing[1]
    if drawing is not None:
        dtype = drawing[0]
    made = machine.leave_tensorflow(name, values, args.place, kind, dtype, Reason.NUMPY)
    return Data(made.node, shape)


# Functions that write into their first argument.
WRITERS = frozenset({"copyto", "put", "place", "putmask", "fill_diagonal", "put_along_axis"})


def target_of(short: str, args: Arguments) -> Data | None:
    """Return the array that a call writes into: `np.add.at(out, i, x)`, `np.copyto(out, x)`."""
    if (short.endswith(".at") or short in WRITERS) and args.positional:
        first = args.positional[0]
        return first if isinstance(first, Data) and first.kind is Kind.ARRAY else None
    return None


FILLED = frozenset({"zeros", "ones", "empty", "full"})


def array_shape(machine: Interpreter, short: str, args: Arguments) -> shapes.Shape:
    """Return the shape of the array that a function of NumPy makes."""
    listed = partial(known_elements, machine)
    if args.is_open:
        return None
    if short in FILLED:
        size = args.get(0, "shape")
        return None if size is None else shapes.written(size, listed)
    if not args.positional or "." in short:
        return None
    first, *others = args.positional
    if short in ("array", "asarray", "float32", "float64"):
        return shape_of(machine, first)
    if short == "linspace":
        count = args.get(2, "num") or Const(50)
        return shapes.result(short, [("start", first), ("num", count)], listed)
    names = ("newshape" if short == "reshape" else "axis", "", "")
    inputs = [("x", first), *zip(names, others, strict=False), *args.keywords.items()]
    return shapes.result(short, inputs, listed)


def constant_of(name: str, args: Arguments) -> Const | None:
    """Compute `math.sqrt(2)` and the like on known numbers."""
    if not name.startswith("math.") or args.keywords or not args.positional:
        return None
    import math

    function = getattr(math, name.removeprefix("math."), None)
    numbers = [v.value for v in args.positional if isinstance(v, Const)]
    if function is None or len(numbers) != len(args.positional):
        return None
    if not all(isinstance(n, int | float) and abs(n) < 1e6 for n in numbers):
        return None
    try:
        return Const(function(*numbers))
    except (TypeError, ValueError, OverflowError):
        return None


def result_dtype(machine: Interpreter, name: str, short: str, args: Arguments) -> DType | None:
    given = dtype_of(args.keywords.get("dtype"))
    if given is None and short in (
        "array",
        "asarray",
        "zeros",
        "ones",
        "full",
        "asanyarray",
        "empty",
    ):
        given = dtype_of(args.get(2 if short == "full" else 1, "dtype"))
    if given is not None:
        return given
    if short in INTS:
        return DType.INT
    if short in BOOLS:
        return DType.BOOL
    if short in FLOATING:
        return DType.FLOAT
    if short in ("float32", "float64", "float16"):
        return DType.FLOAT
    if short in ("arange", "array", "asarray", "full", "repeat", "tile", "stack", "concatenate"):
        return dtype_class(machine, *args.values)
    if name.startswith("math.") and short not in (
        "floor",
        "ceil",
        "trunc",
        "factorial",
        "comb",
        "gcd",
    ):
        return DType.FLOAT
    if short in ("floor", "ceil") and name.startswith("math."):
        return DType.INT
    return DType.UNKNOWN if short not in SAME else None


# Functions whose result has the dtype of their arguments.
SAME = frozenset(
    "abs absolute sum prod max min maximum minimum clip square reshape transpose squeeze expand_dims "
    "ravel copy flip roll sort cumsum diff dot matmul add subtract multiply negative power where "
    "amax amin vstack hstack dstack split take broadcast_to outer inner tensordot einsum".split()
)


@models("np.flip")
def flip(machine: Interpreter, args: Arguments) -> Value:
    """Run `np.flip`: of a tensor it indexes and stays one, of a variable it copies."""
    value = args.get(0, "m")
    if isinstance(value, Data) and value.kind is Kind.TENSOR:
        return machine.record("[]", [("x", value)], args.place, dtype=value.dtype)
    return outside(machine, "np.flip", args)


@models("np.ndim", "np.shape", "np.size")
def shape(machine: Interpreter, args: Arguments) -> Value:
    value = args.get(0, "a")
    if isinstance(value, Data):
        return machine.shape_of(value, "shape", args.place)
    return Data(machine.node("np.shape", Kind.PYTHON, DType.INT, args.place))


@models("np.random.RandomState", "np.random.default_rng", "random.Random")
def generator(machine: Interpreter, args: Arguments) -> Value:
    """Make a generator of random numbers: its methods give arrays."""
    return Data(machine.node("generator", Kind.ARRAY, DType.UNKNOWN, args.place))
