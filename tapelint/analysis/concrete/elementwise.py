"""Functions of each element, each with TensorFlow's own gradient (`math_grad.py`, 2.21).

What a gradient is multiplied by, and in which order, decides where it is NaN: these formulas are
not simplified.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence

from tapelint.analysis.concrete import numbers
from tapelint.analysis.concrete.numbers import Number, Unknown, divide, is_nan, multiply, negative
from tapelint.analysis.concrete.tensors import (
    Scalar1,
    Scalar2,
    Tensor,
    binary,
    detached,
    elementwise,
    unary,
)

Axis = int | Sequence[int] | None


def one_minus(x: Number) -> Number:
    return numbers.subtract(1.0, x)


def zero(*_: Number) -> Number:
    return 0.0


def rooted(
    x: Tensor,
    forward: Scalar1,
    back: Callable[[Number, Number], Number],
    op: str,
    is_compiled: bool,
) -> Tensor:
    """Return f(x), whose kernel gives 0 where the incoming gradient is 0; XLA has no such kernel."""

    def apply(g: Number, x: Number, y: Number) -> Number:
        return 0.0 if g == 0 and not is_compiled else back(g, y)

    return unary(x, forward, apply, op)


# ---------------------------------------------------------------------- two arguments


def add(x: Tensor, y: Tensor) -> Tensor:
    """Return `x + y`."""
    return binary(x, y, numbers.add, lambda g, a, b: g, lambda g, a, b: g, "add")


def subtract(x: Tensor, y: Tensor) -> Tensor:
    """Return `x - y`."""
    return binary(x, y, numbers.subtract, lambda g, a, b: g, lambda g, a, b: negative(g), "sub")


def times(x: Tensor, y: Tensor) -> Tensor:
    """Return `x * y`."""
    return binary(
        x, y, multiply, lambda g, a, b: multiply(g, b), lambda g, a, b: multiply(g, a), "mul"
    )


def over(x: Tensor, y: Tensor) -> Tensor:
    """Return `x / y`: the gradient of `y` is -x / y / y, in this order."""
    return binary(
        x,
        y,
        divide,
        lambda g, a, b: divide(g, b),
        lambda g, a, b: multiply(g, divide(divide(negative(a), b), b)),
        "div",
    )


def no_nan(function: Scalar2) -> Scalar2:
    """Return a function of two numbers that is 0 where the second one is."""
    return lambda a, b: 0.0 if b == 0 else function(a, b)


def over_no_nan(x: Tensor, y: Tensor) -> Tensor:
    """Return `divide_no_nan(x, y)`."""
    safe = no_nan(divide)
    return binary(
        x,
        y,
        safe,
        lambda g, a, b: safe(g, b),
        lambda g, a, b: multiply(g, safe(safe(negative(a), b), b)),
        "div_no_nan",
    )


def times_no_nan(x: Tensor, y: Tensor) -> Tensor:
    """Return `multiply_no_nan(x, y)`."""
    safe = no_nan(multiply)
    return binary(x, y, safe, lambda g, a, b: safe(g, b), lambda g, a, b: safe(a, g), "mul_no_nan")


def log_of_positive(x: Number) -> Number:
    """Return the logarithm that the gradient of an exponent is multiplied by."""
    return LOG(x) if isinstance(x, Unknown) or x > 0 else 0.0


def to_the(x: Tensor, y: Tensor) -> Tensor:
    """Return `x ** y`."""
    return binary(
        x,
        y,
        numbers.power,
        lambda g, a, b: multiply(multiply(g, b), numbers.power(a, numbers.subtract(b, 1.0))),
        lambda g, a, b: multiply(multiply(g, numbers.power(a, b)), log_of_positive(a)),
        "pow",
    )


def either(test: Callable[[float, float], bool], name: str) -> Callable[[Tensor, Tensor], Tensor]:
    """Return `maximum` or `minimum`: the gradient goes to the one that was taken."""

    def chosen(a: Number, b: Number, x: Number, y: Number) -> Number:
        if a == b:
            return x
        if isinstance(a, Unknown) or isinstance(b, Unknown):
            return numbers.named(name, a, b, x, y)
        return x if test(a, b) else y

    def forward(a: Number, b: Number) -> Number:
        return numbers.NAN if is_nan(a) or is_nan(b) else chosen(a, b, a, b)

    return lambda x, y: binary(
        x,
        y,
        forward,
        lambda g, a, b: chosen(a, b, g, 0.0),
        lambda g, a, b: chosen(a, b, 0.0, g),
        name,
    )


maximum = either(operator.ge, "maximum")
minimum = either(operator.le, "minimum")


def squared_difference(x: Tensor, y: Tensor) -> Tensor:
    """Return (x - y) squared."""

    def slope(g: Number, a: Number, b: Number) -> Number:
        return multiply(multiply(2.0, g), numbers.subtract(a, b))

    def forward(a: Number, b: Number) -> Number:
        d = numbers.subtract(a, b)
        return multiply(d, d)

    return binary(
        x, y, forward, slope, lambda g, a, b: negative(slope(g, a, b)), "squared_difference"
    )


def angle(y: Tensor, x: Tensor) -> Tensor:
    """Return `atan2(y, x)`."""

    def forward(a: Number, b: Number) -> Number:
        if isinstance(a, Unknown) or isinstance(b, Unknown):
            return numbers.named("atan2", a, b)
        return numbers.rounded(math.atan2(a, b))

    def inverse(g: Number, a: Number, b: Number) -> Number:
        return divide(g, numbers.add(multiply(b, b), multiply(a, a)))

    return binary(
        y,
        x,
        forward,
        lambda g, a, b: multiply(b, inverse(g, a, b)),
        lambda g, a, b: multiply(negative(a), inverse(g, a, b)),
        "atan2",
    )


def times_log(x: Tensor, y: Tensor) -> Tensor:
    """Return `xlogy(x, y)`: 0 where `x` is."""

    def forward(a: Number, b: Number) -> Number:
        return 0.0 if a == 0 else multiply(a, LOG(b))

    return binary(
        x,
        y,
        forward,
        lambda g, a, b: multiply(g, 0.0 if a == 0 else LOG(b)),
        lambda g, a, b: multiply(g, 0.0 if a == 0 else divide(a, b)),
        "xlogy",
    )


def comparison(
    test: Callable[[float, float], bool], name: str
) -> Callable[[Tensor, Tensor], Tensor]:
    """Return a comparison of tensors, which no gradient passes."""
    compare = numbers.compared(test, name)
    return lambda x, y: detached(binary(x, y, compare, zero, zero, name))


# ---------------------------------------------------------------------- one argument


def logarithm(x: float) -> float:
    return -math.inf if x == 0 else math.log(x)


LOG = numbers.function("log", logarithm)
EXP = numbers.function("exp", math.exp)
SIGMOID = numbers.function("sigmoid", lambda x: 1 / (1 + math.exp(-x)) if x > -700 else 0.0)
TANH = numbers.function("tanh", math.tanh)
SQRT = numbers.function("sqrt", math.sqrt)
SIGN = numbers.function("sign", lambda x: float((x > 0) - (x < 0)))
COS = numbers.function("cos", math.cos)
SIN = numbers.function("sin", math.sin)
ABS = numbers.function("abs", abs)
COSH = numbers.function("cosh", math.cosh)
SINH = numbers.function("sinh", math.sinh)


def root_of_rest(x: Number) -> Number:
    """Return 1 / sqrt(1 - x * x)."""
    return divide(1.0, SQRT(one_minus(multiply(x, x))))


def logged(x: Tensor) -> Tensor:
    """Return `log(x)`."""
    return elementwise(x, LOG, lambda n, y: divide(1.0, n), "log")


def exponential(x: Tensor) -> Tensor:
    """Return `exp(x)`."""
    return elementwise(x, EXP, lambda n, y: y, "exp")


def square_root(x: Tensor, is_compiled: bool = False) -> Tensor:
    """Return `sqrt(x)`."""
    return rooted(x, SQRT, lambda g, y: divide(multiply(g, 0.5), y), "sqrt", is_compiled)


def cube(y: Number) -> Number:
    return multiply(y, multiply(y, y))


def inverse_root(x: Tensor, is_compiled: bool = False) -> Tensor:
    """Return `rsqrt(x)`."""
    return rooted(
        x,
        lambda n: divide(1.0, SQRT(n)),
        lambda g, y: multiply(multiply(g, -0.5), cube(y)),
        "rsqrt",
        is_compiled,
    )


def inverse(x: Tensor, is_compiled: bool = False) -> Tensor:
    """Return `reciprocal(x)`."""
    return rooted(
        x,
        lambda n: divide(1.0, n),
        lambda g, y: negative(multiply(g, multiply(y, y))),
        "reciprocal",
        is_compiled,
    )


def square(x: Tensor) -> Tensor:
    """Return `square(x)`."""
    return elementwise(x, lambda n: multiply(n, n), lambda n, y: multiply(n, 2.0), "square")


def negated(x: Tensor) -> Tensor:
    """Return `-x`."""
    return unary(x, negative, lambda g, n, y: negative(g), "neg")


def sigmoid(x: Tensor) -> Tensor:
    """Return `sigmoid(x)`."""
    return elementwise(x, SIGMOID, lambda n, y: multiply(y, one_minus(y)), "sigmoid")


def cut(x: Tensor, forward: Scalar1, open_at: Scalar1, op: str, is_compiled: bool) -> Tensor:
    """Return f(x), whose gradient is 0 or 1 times what comes in; XLA chooses, and ends a NaN there."""
    if not is_compiled:
        return elementwise(x, forward, lambda n, y: open_at(n), op)
    return unary(x, forward, lambda g, n, y: numbers.selected(open_at(n), g, 0.0), op)


def rectified(x: Tensor, is_compiled: bool = False) -> Tensor:
    """Return `relu(x)`."""
    return cut(x, RELU, lambda n: POSITIVE(n, 0.0), "relu", is_compiled)


def rectified_to_six(x: Tensor, is_compiled: bool = False) -> Tensor:
    """Return `relu6(x)`."""
    return cut(x, RELU6, IN_SIX, "relu6", is_compiled)


POSITIVE = numbers.compared(operator.gt, "positive")


def softplus_of(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


RELU = numbers.function("relu", lambda n: max(n, 0.0))
RELU6 = numbers.function("relu6", lambda x: min(max(x, 0.0), 6.0))
IN_SIX = numbers.function("in six", lambda n: float(0 < n < 6))

# Functions whose gradient is multiplied by a slope: f, and the slope at x (where f is y).
SLOPED: dict[str, tuple[Scalar1, Scalar2]] = {
    "log1p": (
        numbers.function("log1p", lambda x: -math.inf if x == -1 else math.log1p(x)),
        lambda x, y: divide(1.0, numbers.add(1.0, x)),
    ),
    "expm1": (numbers.function("expm1", math.expm1), lambda x, y: EXP(x)),
    "abs": (ABS, lambda x, y: SIGN(x)),
    "tanh": (TANH, lambda x, y: one_minus(multiply(y, y))),
    "sin": (SIN, lambda x, y: COS(x)),
    "cos": (COS, lambda x, y: negative(SIN(x))),
    "tan": (numbers.function("tan", math.tan), lambda x, y: divide(1.0, multiply(COS(x), COS(x)))),
    "sinh": (SINH, lambda x, y: COSH(x)),
    "cosh": (COSH, lambda x, y: SINH(x)),
    "acos": (numbers.function("acos", math.acos), lambda x, y: negative(root_of_rest(x))),
    "asin": (numbers.function("asin", math.asin), lambda x, y: root_of_rest(x)),
    "atan": (
        numbers.function("atan", math.atan),
        lambda x, y: divide(1.0, numbers.add(1.0, multiply(x, x))),
    ),
    "acosh": (numbers.function("acosh", math.acosh), lambda x, y: divide(1.0, SINH(y))),
    "asinh": (numbers.function("asinh", math.asinh), lambda x, y: divide(1.0, COSH(y))),
    "atanh": (
        numbers.function(
            "atanh", lambda x: math.copysign(math.inf, x) if abs(x) == 1 else math.atanh(x)
        ),
        lambda x, y: divide(1.0, one_minus(multiply(x, x))),
    ),
    "erf": (
        numbers.function("erf", math.erf),
        lambda x, y: multiply(2 / math.sqrt(math.pi), EXP(negative(multiply(x, x)))),
    ),
    "softplus": (numbers.function("softplus", softplus_of), lambda x, y: SIGMOID(x)),
    "leaky_relu": (
        numbers.function("leaky_relu", lambda x: max(x, 0.2 * x)),
        lambda x, y: numbers.selected(POSITIVE(x, 0.0), 1.0, 0.2),
    ),
    "elu": (
        numbers.function("elu", lambda x: x if x > 0 else math.expm1(x)),
        lambda x, y: numbers.selected(POSITIVE(x, 0.0), 1.0, numbers.add(y, 1.0)),
    ),
    "softsign": (
        numbers.function("softsign", lambda x: x / (1 + abs(x))),
        lambda x, y: divide(1.0, multiply(numbers.add(1.0, ABS(x)), numbers.add(1.0, ABS(x)))),
    ),
}

# Functions without a gradient.
FLAT: dict[str, Scalar1] = {
    "sign": SIGN,
    "floor": numbers.function("floor", math.floor),
    "ceil": numbers.function("ceil", math.ceil),
    "round": numbers.function("round", round),
    "trunc": numbers.function("trunc", math.trunc),
    "truth": numbers.function("truth", lambda x: float(bool(x))),
    "logical_not": numbers.function("not", lambda x: float(not x)),
    "is_nan": numbers.function("is_nan", lambda x: 0.0),
}


def sloped(name: str) -> Callable[[Tensor], Tensor]:
    """Return a function of `SLOPED` for tensors."""
    forward, slope = SLOPED[name]
    return lambda x: elementwise(x, forward, slope, name)


def flat(name: str) -> Callable[[Tensor], Tensor]:
    """Return a function of `FLAT` for tensors."""
    forward = FLAT[name]
    return lambda x: detached(unary(x, forward, zero, name))


def swish(x: Tensor) -> Tensor:
    """Return `silu(x)`."""
    return times(x, sigmoid(x))


def clipped(x: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Return `clip_by_value`: at a bound itself the gradient passes."""
    return minimum(maximum(x, low), high)
