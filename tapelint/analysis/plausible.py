"""Numbers that an unknown value may well take, and operations whose gradient is NaN there.

Each hypothesis is put to the test by running what follows on one element (`concrete.pointwise`):
an `eps`, a `maximum`, a square that hides the root, a `where` all show there by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

from tapelint.analysis.concrete import blame
from tapelint.analysis.concrete.evaluator import short
from tapelint.analysis.concrete.numbers import Number
from tapelint.analysis.concrete.pointwise import Followers, culprit_at
from tapelint.analysis.concrete.search import Culprit
from tapelint.analysis.concrete.tensors import Tensor
from tapelint.analysis.graph import Node, past
from tapelint.analysis.observations import Singularity
from tapelint.analysis.origins import MOVES, SUMS, behind
from tapelint.analysis.ranges import Ranges
from tapelint.analysis.shifts import is_shifted
from tapelint.analysis.state import Contents
from tapelint.analysis.values import Box, Const, Data, Value, VariableValue

# Activations that are exactly 1 (or -1) in float32 at such inputs, and flat there.
SATURATED = 30.0
SATURATING = frozenset({"sigmoid", "tanh", "softmax", "erf"})
# `exp(88.8)` is infinite in float32.
OVERFLOWING = 100.0
# `exp(-104)` is zero in float32.
VANISHING = -200.0
NEARLY_ONE = 0.9
DIFFERENCES = frozenset({"-", "subtract", "squared_difference"})
MULTIPLICATIONS = frozenset({"*", "multiply"})
ARCS = frozenset({"acos", "asin", "arccos", "arcsin"})
# What a cosine or sine is computed with: of nothing else is it known that it reaches 1.
RATIOS = frozenset(
    "reduce_sum sum matmul @ tensordot einsum matvec dot trace * / divide multiply".split()
)

Found = Iterator[tuple[Node, Singularity]]


class Hypotheses:
    """Puts plausible numbers in the place of values on one path."""

    def __init__(
        self,
        path: frozenset[Node],
        targets: Sequence[Node],
        ranges: Ranges,
        contents: Callable[[Box], Contents],
        worked_out: Mapping[Node, Tensor],
    ) -> None:
        self.path = path
        self.worked_out = worked_out
        self.followers = Followers(path, targets)
        self.ranges = ranges
        self.contents = contents

    def found(self) -> Found:
        """Yield the operations whose gradient is NaN at a plausible number."""
        for node in sorted(self.path, key=lambda n: n.number):
            name = short(node.op)
            if name in DIFFERENCES:
                yield from self.of_equal(node)
            elif name in SATURATING:
                yield from self.of_saturation(node)
            elif name in blame.GROWING:
                yield from self.of_overflow(node)
            elif name in ARCS:
                yield from self.of_cosine(node)

    def culprit(
        self, at: Node, number: Number, assumed: Mapping[Node, Number] | None = None
    ) -> Culprit | None:
        around = self.followers.around(at)
        if around is None or not any(blame.may_break(n) for n in around.later):
            return None
        return culprit_at(self.contents, at, number, around, assumed)

    def judged(self, culprit: Culprit | None) -> tuple[Node, Singularity] | None:
        if culprit is None or culprit.tensor.node is None:
            return None
        return blame.judge(culprit.tensor.node, culprit, self.path)

    # ------------------------------------------------------------------ equal rows

    def of_equal(self, node: Node) -> Found:
        """Look at the distance of two things that may be the same: `norm(a - b, axis=1)`."""
        a, b = (node_of(value) for _, value in node.operands[:2])
        if a is None or b is None or a is b or is_centred(a, b):
            return
        at, assumed = (node, {}) if short(node.op) != "squared_difference" else (a, {b: 0.0})
        if at not in self.path or not self.may_meet(a, b):
            return
        around = self.followers.around(at)
        if around is None or not around.is_clear:
            return
        culprit = self.culprit(at, 0.0, assumed)
        judged = self.judged(culprit)
        if judged is None or culprit is None or not self.is_of_rows(culprit.tensor.node, node):
            return
        for label in self.labels:
            if any(self.culprit(at, 0.0, {**assumed, label: n}) is None for n in (0.0, 1.0)):
                # for: y * d**2 + (1 - y) * relu(1 - d); where d is zero, y is one
                return
        yield judged

    def may_meet(self, a: Node, b: Node) -> bool:
        """Whether two values may well be equal: both are learned, and are not known to differ.

        A prediction never meets what was measured to the last digit.
        """
        if a not in self.path or b not in self.path:
            return False
        numbers = [self.worked_out[n].numbers for n in (a, b) if n in self.worked_out]
        return len(numbers) < 2 or not all(
            given and all(isinstance(n, float) for n in given) for given in numbers
        )

    def is_of_rows(self, root: Node | None, difference: Node) -> bool:
        """Whether a root is taken of sums over an axis of the difference: one of them may be zero."""
        if root is None:
            return False
        between = [n for n in past([root]) if n.number > difference.number]
        return any(
            (short(n.op) in SUMS or short(n.op) in blame.NORMS) and has_axis(n) for n in between
        )

    @cached_property
    def labels(self) -> Sequence[Node]:
        """What chooses between two parts of a loss: `y * a + (1 - y) * b`."""
        factors = [
            factor
            for node in self.path
            if short(node.op) in MULTIPLICATIONS
            for factor in (node_of(value) for _, value in node.operands[:2])
            if factor is not None and factor not in self.path
        ]
        plain = {behind_moves(factor) for factor in factors}
        bases = (complement_of(factor) for factor in factors)
        return list({base: None for base in bases if base in plain and base is not None})

    # ------------------------------------------------------------------ saturated, overflowing

    def of_saturation(self, node: Node) -> Found:
        """Look at an activation that is exactly 1 or -1: `log(1 - tanh(x) ** 2)`."""
        at = input_of(node)
        if at is None or at not in self.path:
            return
        known = self.ranges.of(at)
        # for: y * p + (1 - y) * (1 - p), which is one of the two
        choices: list[dict[Node, Number]] = [{}]
        choices += [{label: number} for label in self.labels for number in (0.0, 1.0)]
        for number in (SATURATED, -SATURATED):
            for assumed in choices if known.low <= number <= known.high else ():
                judged = self.judged(self.culprit(at, number, assumed))
                if judged is not None:
                    yield judged
                    return

    def of_overflow(self, node: Node) -> Found:
        """Look at an exponent that is large: `exp(x) / reduce_sum(exp(x))`, `log(cosh(x))`."""
        at = input_of(node)
        if at is None or at not in self.path or is_shifted(node.operands[0][1], 0):
            return
        known = self.ranges.of(at)
        if known.low < VANISHING and short(node.op) == "exp":
            yield from self.of_vanishing(node, at)
        if known.high < OVERFLOWING:
            return
        judged = self.judged(self.culprit(at, OVERFLOWING))
        if judged is None:
            return
        taker, what = judged
        # `exp` of a logarithm makes a scale of it, which is never that large.
        if what is Singularity.WHERE or short(node.op) != "exp" or is_share(taker, node):
            yield judged

    def of_vanishing(self, node: Node, at: Node) -> Found:
        """Look at a sum in which all exponents are small: `log(reduce_sum(w * exp(x)))`."""
        judged = self.judged(self.culprit(at, VANISHING))
        if judged is None or judged[1] is not Singularity.LOG:
            return
        between = [n for n in past([judged[0]]) if n.number > node.number]
        if any(short(n.op) in SUMS for n in between):
            yield judged[0], Singularity.LOG_OF_EXP

    def of_cosine(self, node: Node) -> Found:
        """Look at the angle of a cosine that was computed: rounding makes it 1, or more."""
        at = input_of(node)
        if at is None or at not in self.path:
            return
        known = self.ranges.of(at)
        if known.low > -1 and known.high < 1:
            return
        made_by = behind_moves(at)
        if short(made_by.op) in RATIOS and not is_shrunk(made_by):
            yield node, Singularity.ARC


# ---------------------------------------------------------------------- what operations look like


def node_of(value: Value) -> Node | None:
    return value.node if isinstance(value, Data | VariableValue) else None


def input_of(node: Node) -> Node | None:
    return node_of(node.operands[0][1]) if node.operands else None


def behind_moves(node: Node) -> Node:
    """Return the node that computed a value, past operations that only rearrange it."""
    return behind(Data(node), MOVES) or node


def is_shrunk(node: Node) -> bool:
    """Whether a number is kept below one on purpose: `0.999999 * cosine`, `cosine / 1.000001`."""
    numbers = [v.value if isinstance(v, Const) else None for _, v in node.operands]
    factors = [n for n in numbers if isinstance(n, int | float)]
    if short(node.op) in blame.DIVISIONS:
        return any(1 < abs(n) < 1 / NEARLY_ONE for n in factors[-1:])
    return short(node.op) in MULTIPLICATIONS and any(NEARLY_ONE < abs(n) < 1 for n in factors)


def is_centred(a: Node, b: Node) -> bool:
    """Whether one is made from the other: `x - reduce_mean(x)` is no distance."""
    return a in past([b]) or b in past([a])


def has_axis(node: Node) -> bool:
    """Whether a reduction is over an axis and not over everything."""
    named = dict(node.operands)
    place = 2 if short(node.op) in blame.NORMS else 1
    axis = named.get("axis")
    if axis is None and len(node.operands) > place and not node.operands[place][0]:
        axis = node.operands[place][1]
    return axis is not None and axis != Const(None)


def is_share(division: Node, exponential: Node) -> bool:
    """Whether a division is by a sum of the very thing above: `exp(x) / reduce_sum(exp(x))`."""
    parts = [node_of(value) for _, value in division.operands[:2]]
    if len(parts) < 2 or short(division.op) not in blame.DIVISIONS:
        return False
    above, below = (past([part]) if part is not None else set() for part in parts)
    return exponential in above & below and any(
        short(n.op) in SUMS and exponential in past([n]) for n in below
    )


def complement_of(node: Node) -> Node | None:
    """Return `y` of `1 - y`."""
    made = behind_moves(node)
    if short(made.op) not in DIFFERENCES or len(made.operands) < 2:
        return None
    (_, one), (_, rest) = made.operands[:2]
    other = node_of(rest)
    if not isinstance(one, Const) or one.value != 1 or other is None:
        return None
    return behind_moves(other)
