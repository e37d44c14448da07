"""Dotted names outside the project that are values: dtypes, numbers, enumerations."""

from __future__ import annotations

import math
from functools import cache

from tapelint.analysis.graph import DType
from tapelint.analysis.values import NONE, Const, DTypeValue, Value

FLOATS = (
    "float16", "float32", "float64", "bfloat16", "half", "double", "single", "longdouble",
    "float128", "float_", "floating",
)  # fmt: skip
COMPLEXES = ("complex64", "complex128", "csingle", "cdouble", "complex_", "complexfloating")
INTS = (
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "intp", "int_",
    "uint", "qint8", "qint16", "qint32", "quint8", "quint16", "integer", "int4", "uint4", "longlong",
)  # fmt: skip
BOOLS = ("bool", "bool_")
STRINGS = ("string", "str_", "bytes_")

DTYPES: dict[str, DType] = {
    **dict.fromkeys(FLOATS, DType.FLOAT),
    **dict.fromkeys(COMPLEXES, DType.COMPLEX),
    **dict.fromkeys(INTS, DType.INT),
    **dict.fromkeys(BOOLS, DType.BOOL),
    **dict.fromkeys(STRINGS, DType.STRING),
}
# Python's own types, given as a dtype.
PYTHON: dict[str, DType] = {
    "builtins.float": DType.FLOAT,
    "builtins.int": DType.INT,
    "builtins.bool": DType.BOOL,
    "builtins.complex": DType.COMPLEX,
    "builtins.str": DType.STRING,
}
NUMBERS: dict[str, float] = {
    "pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan, "euler_gamma": 0.5772156649,
    "tau": math.tau, "Inf": math.inf, "NaN": math.nan, "infty": math.inf,
}  # fmt: skip


def is_text(value: Value) -> bool:
    """Tell whether a value is a known string."""
    return isinstance(value, Const) and isinstance(value.value, str)


@cache
def constant(name: str) -> Value | None:
    """Return the value of a canonical name, None where it is no constant."""
    module, _, last = name.rpartition(".")
    if module in ("tf", "tf.dtypes", "np", "tf.experimental.numpy") and last in DTYPES:
        # Told apart from np.float32, which is called as a conversion.
        root = "np" if module == "np" else "tf"
        return DTypeValue(DTYPES[last], f"{root}.{last}")
    if module in ("np", "math", "cmath", "tf.experimental.numpy") and last in NUMBERS:
        return Const(NUMBERS[last])
    if last == "newaxis" and module in ("tf", "np", "tf.experimental.numpy"):
        return NONE
    if name == "typing.TYPE_CHECKING":
        return Const(False)
    return None


def dtype_named(text: str) -> DType:
    """Return the class of a dtype given as a string: `"float32"`, `"int"`, `"<f4"`."""
    word = text.lstrip("<>=|")
    if word in DTYPES:
        return DTYPES[word]
    if word in ("float", "int", "complex", "str"):
        return {"float": DType.FLOAT, "int": DType.INT, "complex": DType.COMPLEX}.get(
            word, DType.STRING
        )
    by_letter = {"f": DType.FLOAT, "d": DType.FLOAT, "i": DType.INT, "u": DType.INT,
                 "l": DType.INT, "b": DType.INT, "c": DType.COMPLEX, "?": DType.BOOL}  # fmt: skip
    return by_letter.get(word[:1], DType.UNKNOWN) if len(word) <= 3 else DType.UNKNOWN


def dtype_of(value: Value | None) -> DType | None:
    """Return the dtype an argument `dtype=` names, None where it was not given or is None."""
    match value:
        case None | Const(value=None):
            return None
        case DTypeValue():
            return value.dtype
        case Const(value=str() as text):
            return dtype_named(text)
        case _:
            name = getattr(value, "name", "")
            return PYTHON.get(name, DType.UNKNOWN) if isinstance(name, str) else DType.UNKNOWN
