"""What numbers a value may be: an interval, and whether zero is known to occur in it.

Followed through operations, so that `sqrt(x**2 + eps)` is away from zero and `sqrt(x**2)` is not.
Zero is claimed only on evidence (a literal, `relu`, a thing minus itself), never from ignorance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from tapelint.analysis.graph import Kind, Node, is_written_into, read_of
from tapelint.analysis.parts import part_of
from tapelint.analysis.state import Contents
from tapelint.analysis.values import Box, Const, Data, Tuple, Union, Value, VariableValue

# Stands for "above zero, however little".
TINY = 1e-300
DEEPEST = 200


@dataclass(frozen=True, slots=True)
class Range:
    """All numbers of a value lie in [low, high].

    `zero`: some element is known to be zero; `zero_row`: a whole row of elements is.
    """

    low: float = -math.inf
    high: float = math.inf
    zero: bool = False
    zero_row: bool = False

    @property
    def is_away_from_zero(self) -> bool:
        """Whether no element can be zero."""
        return self.low > 0 or self.high < 0

    @property
    def is_bounded(self) -> bool:
        """Whether `exp` of it neither overflows nor vanishes in float32."""
        return self.low >= -80 and self.high <= 80


UNKNOWN = Range()
Transfer = Callable[[Sequence[Range], Node], Range]

# Operations that move numbers about and change none.
MOVES = frozenset(
    "reshape transpose expand_dims squeeze gather gather_nd [] element identity convert_to_tensor "
    "constant concat stack tile reverse broadcast_to boolean_mask unstack split value read_value "
    "stop_gradient repeat roll cast reduce_max reduce_min reduce_mean flatten ensure_shape sort max "
    "min mean amax amin ravel array asarray float32 float64 .astype .numpy .reshape embedding_lookup "
    "transpose permute concatenate take slice swapaxes moveaxis strided_slice segment_max".split()
)
SUMS = frozenset("reduce_sum sum .sum add_n cumsum segment_sum unsorted_segment_sum".split())


class Ranges:
    """Works ranges out on demand and remembers them; `contents` opens containers.

    A variable may become anything; `at_start` takes it for what it is made with.
    """

    def __init__(self, contents: Callable[[Box], Contents], at_start: bool = False) -> None:
        self.contents = contents
        self.at_start = at_start
        self.known: dict[Node, Range] = {}
        self.depth = 0

    # ------------------------------------------------------------------ values

    def of_value(self, value: Value) -> Range:
        """Return the range of a value that is an operand."""
        match value:
            case Const(value=bool() | int() | float() as number):
                return Range(float(number), float(number), number == 0)
            case Data():
                return self.of(value.node)
            case VariableValue():
                return self.of(value.node)
            case Tuple() | Box():
                return self.of_elements(value)
            case Union():
                return hull([self.of_value(option) for option in value.options])
            case _:
                return UNKNOWN

    def of_elements(self, value: Tuple | Box) -> Range:
        """Return the range of a list, with what its rows tell."""
        elements = list(self.elements(value))
        if not elements:
            return UNKNOWN
        parts = [self.of_value(element) for element in elements]
        joined = hull(parts)
        is_zero_row = all(p.low == p.high == 0 for p in parts)
        return replace(joined, zero_row=is_zero_row or any(p.zero_row for p in parts))

    def elements(self, value: Tuple | Box) -> Iterator[Value]:
        if isinstance(value, Tuple):
            yield from value.elements
            return
        contents = self.contents(value)
        yield from contents.values
        if contents.rest is not None:
            yield contents.rest

    def truth(self, node: Node) -> bool | None:
        """Return how a comparison comes out, None where its operands do not tell."""
        op = COMPARISONS.get(short(node.op), short(node.op))
        if op not in NEGATED or len(node.operands) != 2:
            return None
        left, right = (self.of_value(value) for _, value in node.operands)
        match op:
            case ">":
                return True if left.low > right.high else False if left.high <= right.low else None
            case ">=":
                return True if left.low >= right.high else False if left.high < right.low else None
            case "<":
                return True if left.high < right.low else False if left.low >= right.high else None
            case "<=":
                return True if left.high <= right.low else False if left.low > right.high else None
            case _:
                return None

    # ------------------------------------------------------------------ nodes

    def of(self, node: Node) -> Range:
        """Return the range of a node."""
        found = self.known.get(node)
        if found is not None:
            return found
        # Loops in the graph do not exist, but depth does: give up rather than overflow.
        if self.depth > DEEPEST:
            return UNKNOWN
        self.known[node] = UNKNOWN
        self.depth += 1
        try:
            found = self.computed(node)
        finally:
            self.depth -= 1
        self.known[node] = found
        return found

    def computed(self, node: Node) -> Range:
        if node.kind is Kind.VARIABLE:
            # It changes; but where it starts is where the first gradient is taken.
            start = hull([self.of_value(v) for _, v in node.operands]) if node.operands else UNKNOWN
            if self.at_start:
                return start
            return Range(zero=start.zero, zero_row=start.zero_row)
        if node.kind is Kind.JOIN and node.op.startswith("."):
            # for: v.assign(x); of what is added or taken nothing is known
            return self.of_value(node.operands[0][1]) if node.op == ".assign" else UNKNOWN
        if node.kind is Kind.JOIN:
            return hull([self.of(edge.parent) for edge in node.edges])
        if is_written_into(node):
            return UNKNOWN
        name = short(node.op)
        given = [self.of_value(as_read(value, node)) for _, value in node.operands]
        part = part_of(node, self.elements) if name == "[]" else None
        if part is not None:
            return self.of_value(part)
        if name in MOVES:
            return given[0] if given else UNKNOWN
        if name in SUMS:
            return total(given)
        if name == "where" and len(node.operands) >= 3:
            return self.selected(node)
        if name in ("-", "subtract", "sub") and len(node.operands) == 2:
            return self.difference(node, given)
        if name in ("normal", "truncated_normal", "stateless_normal"):
            return UNKNOWN
        transfer = TRANSFERS.get(name)
        if transfer is not None and given:
            return transfer(given, node)
        return UNKNOWN

    def difference(self, node: Node, given: Sequence[Range]) -> Range:
        a, b = given[0], given[1]
        result = Range(a.low - b.high if bounded(a, b) else -math.inf,
                       a.high - b.low if bounded(a, b) else math.inf)  # fmt: skip
        is_same = same_origin(node)
        return replace(result, zero=is_same, zero_row=is_same)

    def selected(self, node: Node) -> Range:
        """Return the range of `where(condition, x, y)`: the condition may bound a branch."""
        operands = dict(node.operands) if all(n for n, _ in node.operands) else {}
        values = [v for _, v in node.operands]
        condition, x, y = (
            operands.get("condition", values[0]),
            operands.get("x", values[1]),
            operands.get("y", values[2]),
        )
        branches = [self.guarded(condition, x, True), self.guarded(condition, y, False)]
        # Which elements are chosen is not known: whether a zero among them is, neither.
        chosen = [
            b if b.low == b.high else replace(b, zero=False, zero_row=False) for b in branches
        ]
        return hull(chosen)

    def guarded(self, condition: Value, branch: Value, outcome: bool) -> Range:
        """Return the range of a branch value, where the condition compares that very value."""
        known = self.of_value(branch)
        if not isinstance(condition, Data) or not isinstance(branch, Data | VariableValue):
            return known
        test = condition.node
        if len(test.operands) != 2:
            return known
        (_, left), (_, right) = test.operands
        op = COMPARISONS.get(short(test.op), short(test.op))
        if isinstance(right, Data | VariableValue) and right.node is branch.node:
            left, right, op = right, left, MIRRORED.get(op, op)
        if not isinstance(left, Data | VariableValue) or left.node is not branch.node:
            return known
        if not outcome:
            op = NEGATED.get(op, op)
        bound = self.of_value(right)
        match op:
            case ">":
                low = max(known.low, bound.low + (TINY if bound.low == 0 else 0))
                return replace(known, low=low, zero=False, zero_row=False)
            case ">=" if bound.low > 0:
                return replace(known, low=max(known.low, bound.low), zero=False, zero_row=False)
            case "<" if bound.high <= 0:
                return replace(known, high=min(known.high, -TINY), zero=False, zero_row=False)
            case "!=" if bound.low == bound.high == 0:
                # Not zero, of whatever sign.
                low = TINY if known.low >= 0 else known.low
                return replace(known, low=low, zero=False, zero_row=False)
            case _:
                return known


def as_read(value: Value, user: Node) -> Value:
    """Return an operand as it is read: a variable that was assigned is what it was given."""
    if not isinstance(value, VariableValue):
        return value
    read = read_of(value.node, user)
    return value if read is value.node else Data(read)


COMPARISONS = {"greater": ">", "less": "<", "greater_equal": ">=", "less_equal": "<=",
               "not_equal": "!=", "equal": "=="}  # fmt: skip
MIRRORED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}
NEGATED = {">": "<=", "<": ">=", ">=": "<", "<=": ">", "==": "!=", "!=": "=="}


def short(op: str) -> str:
    """Return the last part of an operation's name: `sqrt` of `tf.math.sqrt`."""
    return op if op.startswith((".", "[")) or op in ("**", "*") else op.rpartition(".")[2] or op


def hull(parts: Sequence[Range]) -> Range:
    """Return the smallest range that holds all of the parts."""
    if not parts:
        return UNKNOWN
    return Range(
        min(p.low for p in parts),
        max(p.high for p in parts),
        any(p.zero for p in parts),
        any(p.zero_row for p in parts),
    )


def bounded(*ranges: Range) -> bool:
    return all(math.isfinite(r.low) or math.isfinite(r.high) for r in ranges)


def total(given: Sequence[Range]) -> Range:
    """Return the range of a sum over elements, of which there may be any number."""
    first = given[0] if given else UNKNOWN
    # A sum is zero where a whole row is; elements that are never negative make none that is.
    return Range(
        first.low if first.low >= 0 else -math.inf,
        first.high if first.high <= 0 else math.inf,
        first.zero_row,
        first.zero_row,
    )


ORIGINS = frozenset(
    "reshape transpose expand_dims squeeze gather [] element identity tile broadcast_to cast repeat".split()
)


def behind(value: Value | None, operations: frozenset[str]) -> Node | None:
    """Return the node that made a value, past the operations named, by their first operand."""
    if not isinstance(value, Data | VariableValue):
        return None
    node = value.node
    while short(node.op) in operations and node.operands:
        inner = node.operands[0][1]
        if not isinstance(inner, Data | VariableValue):
            break
        node = inner.node
    return node


def same_origin(node: Node) -> bool:
    """Whether a difference is taken within one tensor: a pairwise one has a zero diagonal."""
    (_, left), (_, right) = node.operands
    a, b = behind(left, ORIGINS), behind(right, ORIGINS)
    if a is None or a is not b:
        return False
    return picks(left) and picks(right)


def picks(value: Value) -> bool:
    """Whether the elements meet in pairs that may be the same: broadcast or gathered, not sliced."""
    assert isinstance(value, Data | VariableValue)
    node = value.node
    while node.operands:
        if short(node.op) in ("gather", "expand_dims"):
            return True
        if short(node.op) == "[]" and any(
            has_new_axis(v) for name, v in node.operands if name == "index"
        ):
            return True
        inner = node.operands[0][1]
        if not isinstance(inner, Data | VariableValue) or short(node.op) not in ORIGINS:
            return False
        node = inner.node
    return False


def has_new_axis(index: Value) -> bool:
    """Whether an index holds None: `x[:, None]`."""
    return isinstance(index, Tuple) and any(
        isinstance(e, Const) and e.value is None for e in index.elements
    )


# ---------------------------------------------------------------------- one operation each


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
    touches = result.low == 0 and (low.low == low.high == 0) and x.low <= 0
    return replace(result, zero=touches or (x.zero and not result.is_away_from_zero))


def largest(given: Sequence[Range], node: Node) -> Range:
    if len(given) < 2:
        return given[0]
    a, b = given[0], given[1]
    low = max(a.low, b.low)
    zero = low == 0 and (a.low < 0 or b.low < 0 or a.zero or b.zero)
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
