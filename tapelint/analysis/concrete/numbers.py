"""Scalars: a float, rounded to float32, or a number of which only a name is known."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

INFINITY = math.inf
NAN = math.nan
# The smallest normal float32: TensorFlow's kernels flush what is smaller.
SMALLEST = 1.1754943508222875e-38


@dataclass(frozen=True, slots=True)
class Unknown:
    """Some number: two with one name are equal. `is_infinite`: it is not finite, of either sign."""

    name: int
    sign: int = 1
    is_infinite: bool = False


Number: TypeAlias = "float | Unknown"


def named(*parts: object) -> Unknown:
    """Return the number that goes by these parts, which are the same for equal numbers."""
    return Unknown(hash(parts))


def rounded(x: float) -> float:
    """Return the float32 next to a number: infinite if too large, zero if too small to be normal."""
    return 0.0 if -SMALLEST < x < SMALLEST else ctypes.c_float(x).value


def is_nan(x: Number) -> bool:
    """Whether a number is NaN; one that is not known is not."""
    return isinstance(x, float) and x != x


def is_finite(x: Number) -> bool:
    """Whether a number is not known to be infinite or NaN."""
    return not x.is_infinite if isinstance(x, Unknown) else math.isfinite(x)


def negative(x: Number) -> Number:
    """Return `-x`."""
    return Unknown(x.name, -x.sign, x.is_infinite) if isinstance(x, Unknown) else -x


def add(x: Number, y: Number) -> Number:
    """Return `x + y`; a number and its negative make zero, whatever it is."""
    if not isinstance(x, Unknown):
        if not isinstance(y, Unknown):
            return rounded(x + y)
        x, y = y, x
    # From here on `x` is not known.
    if not isinstance(y, Unknown):
        if y == 0 or y != y:
            return x if y == 0 else NAN
        return y if not math.isfinite(y) and not x.is_infinite else combined("+", x, named(y))
    if x.is_infinite or y.is_infinite:
        return Unknown(hash(("+", x, y)), 1, True)
    if x.name == y.name and x.sign != y.sign:
        return 0.0
    return combined("+", x, y)


def combined(op: str, x: Unknown, y: Unknown) -> Unknown:
    """Return the result of an operation that may be done in either order."""
    first, second = sorted((hash(x), hash(y)))
    return Unknown(hash((op, first, second)), 1, x.is_infinite or y.is_infinite)


def subtract(x: Number, y: Number) -> Number:
    """Return `x - y`."""
    return add(x, negative(y))


def multiply(x: Number, y: Number) -> Number:
    """Return `x * y`."""
    if not isinstance(x, Unknown):
        if not isinstance(y, Unknown):
            return rounded(x * y)
        x, y = y, x
    if not isinstance(y, Unknown):
        if y == 0:
            return NAN if x.is_infinite else 0.0
        if y in (1, -1):
            return x if y == 1 else negative(x)
        if y != y:
            return NAN
        sign = 1 if y > 0 else -1
        name = hash(("*", x.name, abs(y)))
        return Unknown(name, x.sign * sign, x.is_infinite or math.isinf(y))
    first, second = sorted((x.name, y.name))
    name = hash(("*", first, second))
    return Unknown(name, x.sign * y.sign, x.is_infinite or y.is_infinite)


def divide(x: Number, y: Number) -> Number:
    """Return `x / y`; what is not known is taken for other than zero."""
    if isinstance(y, Unknown):
        if isinstance(x, Unknown):
            if x.name == y.name and not x.is_infinite:
                return float(x.sign * y.sign)
        elif x == 0 or x != x:
            return x
        if y.is_infinite:
            return 0.0 if is_finite(x) else NAN
        return Unknown(hash(("/", x, y)), 1, not is_finite(x))
    if y == 0:
        if isinstance(x, Unknown):
            return Unknown(hash(("/", x, 0)), 1, True)
        if x == 0 or x != x:
            return NAN
        return math.copysign(INFINITY, x) * math.copysign(1.0, y)
    if isinstance(x, Unknown):
        if not math.isfinite(y):
            return NAN if y != y or x.is_infinite else 0.0
        return multiply(x, rounded(1.0 / y))
    return rounded(x / y)


def power(x: Number, y: Number) -> Number:
    """Return `x ** y`."""
    if y == 0:
        return 1.0
    if y == 1:
        return x
    if y == 2:
        return multiply(x, x)
    if isinstance(x, Unknown) or isinstance(y, Unknown):
        if isinstance(x, float) and x in (0.0, 1.0):
            return x
        return named("**", x, y)
    try:
        if x == 0 and y < 0:
            return INFINITY
        if x < 0 and not float(y).is_integer():
            return NAN
        return rounded(float(x**y))
    except OverflowError:
        return INFINITY


def compared(test: Callable[[float, float], bool], name: str) -> Callable[[Number, Number], Number]:
    """Return a comparison, as 1.0 or 0.0."""

    def compare(x: Number, y: Number) -> Number:
        if isinstance(x, Unknown) or isinstance(y, Unknown):
            return named(name, x, y)
        return float(test(x, y))

    return compare


def selected(condition: Number, x: Number, y: Number) -> Number:
    """Return `x` where the condition holds, `y` where it does not."""
    if isinstance(condition, Unknown):
        return x if x == y else named("where", condition, x, y)
    return x if condition else y


def function(name: str, of: Callable[[float], float]) -> Callable[[Number], Number]:
    """Return a function of one number that keeps what is not known, by name."""

    def apply(x: Number) -> Number:
        if isinstance(x, Unknown):
            return named(name, x)
        if x != x:
            return NAN
        try:
            return rounded(of(x))
        except OverflowError:
            return INFINITY
        except (ValueError, ZeroDivisionError):
            return NAN

    return apply
