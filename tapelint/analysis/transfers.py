"""What an operation makes of the intervals of its operands."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from tapelint.analysis.graph import Node
from tapelint.analysis.intervals import TINY, UNKNOWN, Range
from tapelint.analysis.values import Const, Data, VariableValue

Transfer = Callable[[Sequence[Range], Node], Range]


def constant_of(given: Sequence[Range], index: int) -> float | None:
    if len(given) > index and given[index].low == given[index].high:
        return given[index].low
    return None


def add(given: Sequence[Range], node: Node) -> Range:
    if len(given) < 2:
        return given[0]
    a, b = given[0], given[1]
    zero = a.zero and b.zero and a.low >= 0 and b.low >= 0
    return Range(a.low + b.low, a.high + b.high, zero, a.zero_row and b.zero_row)


def multiply(given: Sequence[Range], node: Node) -> Range:
    if len(given) < 2:
        return given[0]
    a, b = given[0], given[1]
    if is_square(node):
        return square(given, node)
    ends = [product(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    return Range(min(ends), max(ends), a.zero or b.zero, a.zero_row or b.zero_row)


def product(x: float, y: float) -> float:
    return 0.0 if x == 0 or y == 0 else x * y


def is_square(node: Node) -> bool:
    """Whether both factors are the same value."""
    (_, left), (_, right) = node.operands[:2]
    if isinstance(left, Data | VariableValue) and isinstance(right, Data | VariableValue):
        return left.node is right.node
    return False


def divide(given: Sequence[Range], node: Node) -> Range:
    if len(given) < 2:
        return UNKNOWN
    a, b = given[0], given[1]
    low = 0.0 if a.low >= 0 and b.low >= 0 else -math.inf
    high = 0.0 if a.high <= 0 and b.low >= 0 else math.inf
    if b.low > TINY * 10 and math.isfinite(b.low):
        ends = [x / y for x in (a.low, a.high) for y in (b.low, b.high)]
        low, high = min(ends), max(ends)
    return Range(low, high, a.zero, a.zero_row)


def square(given: Sequence[Range], node: Node) -> Range:
    a = given[0]
    ends = (product(a.low, a.low), product(a.high, a.high))
    low = 0.0 if a.low <= 0 <= a.high else min(ends)
    return Range(low, max(ends), a.zero, a.zero_row)


def absolute(given: Sequence[Range], node: Node) -> Range:
    a = given[0]
    low = 0.0 if a.low <= 0 <= a.high else min(abs(a.low), abs(a.high))
    return Range(low, max(abs(a.low), abs(a.high)), a.zero, a.zero_row)


def power(given: Sequence[Range], node: Node) -> Range:
    exponent = constant_of(given, 1)
    base = given[0]
    if exponent is None:
        return Range(0.0 if base.low >= 0 else -math.inf, math.inf)
    if exponent == 0:
        return Range(1.0, 1.0)
    if exponent > 0 and exponent % 2 == 0:
        return square(given, node)
    if base.low >= 0 and exponent > 0:
        return Range(
            raised(base.low, exponent), raised(base.high, exponent), base.zero, base.zero_row
        )
    if base.low > 0:
        return Range(TINY, math.inf)
    return replace(UNKNOWN, zero=base.zero and exponent > 0)


def raised(x: float, exponent: float) -> float:
    try:
        return float(x**exponent)
    except OverflowError:
        return math.inf


def exponential(given: Sequence[Range], node: Node) -> Range:
    a = given[0]
    low = max(math.exp(a.low), TINY) if a.low > -600 else TINY
    return Range(low, math.exp(a.high) if a.high < 600 else math.inf)


def square_root(given: Sequence[Range], node: Node) -> Range:
    a = given[0]
    low = math.sqrt(a.low) if a.low > 0 else 0.0
    return Range(low, math.sqrt(a.high) if 0 <= a.high < math.inf else math.inf, a.zero, a.zero_row)


def rectified(given: Sequence[Range], node: Node) -> Range:
    a = given[0]
    return Range(
        max(a.low, 0.0), max(a.high, 0.0), a.low <= 0 and (a.low < 0 or a.zero), a.zero_row
    )


def fixed(low: float, high: float) -> Transfer:
    """Return the transfer of an operation whose results lie between two numbers."""
    return lambda given, node: Range(low, high)


def clipped(given: Sequence[Range], node: Node) -> Range:
    if len(given) < 3:
        return UNKNOWN
    x, low, high = given[0], given[1], given[2]
    # max(low, min(x, high)): between the bounds, whatever x is.
    result = Range(max(x.low, low.low), min(x.high, high.high))
    touches = result.low == 0 and is_zero(low) and x.low <= 0
    # A bound that is not known, an `eps` say, may well keep zero away.
    passes = x.zero and low.high <= 0 and not result.is_away_from_zero
    return replace(result, zero=touches or passes)


def is_zero(given: Range) -> bool:
    """Whether all numbers of a value are known to be zero."""
    return given.low == given.high == 0


def largest(given: Sequence[Range], node: Node) -> Range:
    if len(given) < 2:
        return given[0]
    a, b = given[0], given[1]
    low = max(a.low, b.low)
    pairs = ((a, b), (b, a))
    # Zero is reached where the other one may be below it, or is known not to be above.
    touches = any(is_zero(one) and (other.low < 0 or other.zero) for one, other in pairs)
    passes = any(one.zero and (other.zero or other.high <= 0) for one, other in pairs)
    zero = low == 0 and (touches or passes)
    return Range(low, max(a.high, b.high), zero, a.zero_row and b.zero_row)


def smallest(given: Sequence[Range], node: Node) -> Range:
    if len(given) < 2:
        return given[0]
    a, b = given[0], given[1]
    zero = a.zero or b.zero
    return Range(min(a.low, b.low), min(a.high, b.high), zero, a.zero_row and b.zero_row)


def negated(given: Sequence[Range], node: Node) -> Range:
    a = given[-1]
    return Range(-a.high, -a.low, a.zero, a.zero_row)


def logarithm(given: Sequence[Range], node: Node) -> Range:
    a = given[0]
    low = math.log(a.low) if a.low > TINY else -math.inf
    return Range(low, math.log(a.high) if 0 < a.high < math.inf else math.inf)


def zeros(given: Sequence[Range], node: Node) -> Range:
    return Range(0.0, 0.0, True, True)


def uniform(given: Sequence[Range], node: Node) -> Range:
    names = dict(node.operands)
    low = names.get("minval")
    high = names.get("maxval")
    a = float(low.value) if isinstance(low, Const) and isinstance(low.value, int | float) else None
    b = (
        float(high.value)
        if isinstance(high, Const) and isinstance(high.value, int | float)
        else None
    )
    return Range(0.0 if low is None else a if a is not None else -math.inf,
                 1.0 if high is None else b if b is not None else math.inf)  # fmt: skip


def spaced(given: Sequence[Range], node: Node) -> Range:
    if len(given) < 2:
        return UNKNOWN
    a, b = given[0], given[1]
    ends = (a.low, a.high, b.low, b.high)
    return Range(min(ends), max(ends), a.zero or b.zero)


def filled(given: Sequence[Range], node: Node) -> Range:
    return given[1] if len(given) > 1 else UNKNOWN


def never_negative(given: Sequence[Range], node: Node) -> Range:
    return Range(0.0, math.inf, given[0].zero_row, given[0].zero_row)


def mask(given: Sequence[Range], node: Node) -> Range:
    return Range(0.0, 1.0, True)


TRANSFERS: dict[str, Transfer] = {
    **dict.fromkeys(("+", "add"), add),
    **dict.fromkeys(("*", "multiply", "multiply_no_nan"), multiply),
    **dict.fromkeys(("/", "divide", "truediv", "divide_no_nan", "div_no_nan"), divide),
    **dict.fromkeys(("square", "squared_difference"), square),
    **dict.fromkeys(("abs", "absolute"), absolute),
    **dict.fromkeys(("**", "pow", "power"), power),
    "exp": exponential,
    **dict.fromkeys(("sqrt",), square_root),
    **dict.fromkeys(("relu", "ReLU"), rectified),
    "relu6": fixed(0.0, 6.0),
    **dict.fromkeys(("sigmoid", "softmax", "hard_sigmoid"), fixed(TINY, 1.0)),
    **dict.fromkeys(("tanh", "cos", "sin", "erf", "softsign", "l2_normalize", "normalize"), fixed(-1.0, 1.0)),
    **dict.fromkeys(("cosh",), fixed(1.0, math.inf)),
    "softplus": fixed(TINY, math.inf),
    "log_softmax": fixed(-math.inf, 0.0),
    "log_sigmoid": fixed(-math.inf, 0.0),
    **dict.fromkeys(("clip_by_value", "clip"), clipped),
    "maximum": largest,
    "minimum": smallest,
    **dict.fromkeys(("-x", "negative"), negated),
    "+x": lambda given, node: given[0],
    **dict.fromkeys(("log", "log1p"), logarithm),
    **dict.fromkeys(("zeros", "zeros_like"), zeros),
    **dict.fromkeys(("ones", "ones_like"), fixed(1.0, 1.0)),
    **dict.fromkeys(("uniform", "stateless_uniform"), uniform),
    **dict.fromkeys(("linspace", "range", "arange"), spaced),
    **dict.fromkeys(("fill", "full"), filled),
    **dict.fromkeys(("reduce_variance", "reduce_std", "var", "std", "norm"), never_negative),
    **dict.fromkeys(("one_hot", "to_categorical"), mask),
    **dict.fromkeys((">", "<", ">=", "<=", "==", "!=", "greater", "less", "equal", "not_equal",
                     "greater_equal", "less_equal", "logical_and", "logical_or", "logical_not"), mask),
}  # fmt: skip
