"""Finds operations on the way from target to source whose gradient is NaN at numbers they may meet.

`sqrt(0)` alone gives inf; NaN comes of inf times zero, which is what the operations around it make
of it (TensorFlow 2.21). Only what has evidence is named: see `ranges`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tapelint.analysis.concrete import blame
from tapelint.analysis.concrete.search import Search
from tapelint.analysis.graph import Effect, Node, Session, past
from tapelint.analysis.intervals import Range
from tapelint.analysis.observations import NanReachable, Singularity
from tapelint.analysis.origins import MOVES, SUMS, as_read, behind, short
from tapelint.analysis.plausible import Hypotheses
from tapelint.analysis.ranges import Ranges
from tapelint.analysis.shifts import is_shifted
from tapelint.analysis.spreads import CUTS, is_off, is_over_one, is_variance_off
from tapelint.analysis.state import Contents
from tapelint.analysis.trace import cone, passes
from tapelint.analysis.values import Box, Const, Data, Value, VariableValue

MOST_NODES = 4000
# `exp(88.8)` is infinite in float32.
LARGE = 80.0
DIVISIONS = frozenset({"/", "divide", "truediv", "div"})
POWERS = frozenset({"**", "pow", "power"})
ROOTS = frozenset({"sqrt"})
NORMS = frozenset({"norm", "euclidean_norm", "normalize"})
SPREADS = frozenset({"reduce_std", "std"})
AVERAGES = frozenset({"reduce_mean", "mean"})
LOGS = frozenset({"log"})
ARCS = frozenset({"acos", "asin", "acosh", "atanh", "arccos", "arcsin"})
PROBABILITIES = {"softmax": Singularity.LOG_OF_SOFTMAX, "sigmoid": Singularity.LOG_OF_SOFTMAX}
# Operations whose results may well be negative.
SIGNED = frozenset({"-", "subtract", "@", "matmul", "normal", "random_normal"})
# Operations whose gradient is multiplied by a number that is made from their argument.
FACTORS = frozenset({"*", "multiply"}) | DIVISIONS
SLOPED = FACTORS | LOGS | POWERS | frozenset({"exp", "square", "log1p", "tanh"})
# TensorFlow 2.21: the kernels of these give 0 where the incoming gradient is 0. XLA's do not.
SAFE_UNDER_WHERE = ROOTS | NORMS | SPREADS | frozenset({"rsqrt"})


@dataclass(frozen=True, slots=True)
class Path:
    """The part of a graph through which a gradient runs from the targets to some source."""

    nodes: frozenset[Node]

    def holds(self, value: Value | None) -> bool:
        """Whether a gradient runs through a value."""
        return isinstance(value, Data | VariableValue) and value.node in self.nodes


def path_to(session: Session, targets: list[Node], sources: list[Node]) -> Path:
    """Return the nodes on any recorded way from the targets to the sources."""
    reached = cone(session, targets)
    if len(reached) > MOST_NODES:
        return Path(frozenset())
    wanted = set(sources)
    leading: set[Node] = set()
    # A parent is always made before its child.
    for node in sorted(reached, key=lambda n: n.number):
        if node in wanted or (
            passes(session, node)
            and any(e.effect is Effect.FLOWS and e.parent in leading for e in node.edges)
        ):
            leading.add(node)
    return Path(frozenset(leading))


class Finder:
    """Looks at every operation on the path once."""

    def __init__(self, path: Path, contents: Callable[[Box], Contents]) -> None:
        self.path = path
        self.ranges = Ranges(contents)
        self.at_start = Ranges(contents, at_start=True)

    def found(self) -> Iterator[tuple[Node, Singularity]]:
        """Yield the operations that may give NaN, in program order."""
        nodes = sorted((n for n in self.path.nodes if n.operands), key=lambda n: n.number)
        # What a condition guards is judged by its `where` alone.
        guarded: set[Node] = set()
        for node in nodes:
            if short(node.op) == "where":
                guarded.update(self.guarded(node))
        for node in nodes:
            if self.is_cut_before(node):
                continue
            if node in guarded:
                if short(node.op) not in SAFE_UNDER_WHERE or self.is_spread(node):
                    yield node, Singularity.WHERE
                elif node.is_compiled:
                    yield node, Singularity.COMPILED
                continue
            what = self.singularity(node, short(node.op))
            if what is not None:
                yield node, what

    def is_cut_before(self, node: Node) -> bool:
        """Whether XLA compiles it and its argument is of a `relu`, which lets no NaN through there."""
        if not node.is_compiled:
            return False
        made_by = [behind_moves(self.argument(node, i)) for i in range(len(node.operands[:2]))]
        return any(inner is not None and short(inner.op) in CUTS for inner in made_by)

    def argument(self, node: Node, index: int = 0) -> Value | None:
        operands = node.operands
        return as_read(operands[index][1], node) if len(operands) > index else None

    def range(self, value: Value | None) -> Range:
        return Range() if value is None else self.ranges.of_value(value)

    def singularity(self, node: Node, name: str) -> Singularity | None:
        """Return what is wrong with an operation by itself."""
        x = self.argument(node)
        if name in LOGS:
            return self.of_log(x)
        if name in ROOTS:
            known = self.range(x)
            is_zero = touches_zero(known) or is_variance_off(x)
            return Singularity.SQRT if is_zero and self.path.holds(x) else None
        if name in SPREADS:
            is_zero = self.range(x).zero_row or is_over_one(node) or is_off(node, x)
            return Singularity.SQRT if is_zero and self.path.holds(x) else None
        if name in NORMS:
            return Singularity.NORM if self.range(x).zero_row and self.path.holds(x) else None
        if name in DIVISIONS:
            return self.of_division(node)
        if name in POWERS:
            return self.of_power(node)
        if name in ARCS:
            return Singularity.ARC if self.reaches_bound(x) and self.path.holds(x) else None
        return None

    # ------------------------------------------------------------------ log

    def of_log(self, x: Value | None) -> Singularity | None:
        if not self.path.holds(x):
            return None
        inner = behind_moves(x)
        if inner is None:
            return None
        # The logits of a layer's own activation are not at hand, and have to be below -104 for this.
        is_layer = inner.op.startswith("keras.activations.")
        probability = None if is_layer else PROBABILITIES.get(short(inner.op))
        if probability is not None:
            logits = self.range(inner.operands[0][1] if inner.operands else None)
            return None if logits.is_bounded else probability
        if self.overflows(x):
            return Singularity.LOG_OF_EXP
        return Singularity.LOG if touches_zero(self.range(x)) else None

    def overflows(self, x: Value | None) -> bool:
        """Whether a value is a sum of `exp` of something unbounded: `1 + exp(x)`, `sum(exp(x))`."""
        only = behind(x, MOVES - AVERAGES)
        if only is not None and short(only.op) == "exp":
            # for: log(exp(log_scale)), what was a logarithm is not that large
            return False
        return any(not self.is_tamed(node) for node in self.exponentials(x, 0))

    def exponentials(self, x: Value | None, depth: int) -> Iterator[Node]:
        """Yield the `exp` nodes of `exp(x)`, `sum(exp(x))` and `1 + exp(x)`.

        `s + exp(log_r)` is not meant: a variance in log space is never large.
        """
        if not isinstance(x, Data) or depth > 6 or not x.node.operands:
            return
        node, name = x.node, short(x.node.op)
        if name == "exp":
            yield node
        elif name in SUMS or name in MOVES:
            yield from self.exponentials(node.operands[0][1], depth + 1)
        elif name in ("+", "add") and any(isinstance(v, Const) for _, v in node.operands):
            for _, operand in node.operands:
                inner = behind_moves(operand)
                if inner is not None and (short(inner.op) == "exp" or short(inner.op) in SUMS):
                    yield from self.exponentials(operand, depth + 1)

    def is_tamed(self, node: Node) -> bool:
        """Whether the exponent of an `exp` stays where neither overflow nor underflow happens."""
        exponent = node.operands[0][1] if node.operands else None
        known = self.range(exponent)
        # for: exp(x - reduce_max(x)), the shift that every stable softmax makes
        return known.is_bounded or is_shifted(exponent, 0)

    def is_large(self, node: Node) -> bool:
        """Whether the exponent of an `exp` is known to be large where the program starts."""
        exponent = node.operands[0][1] if node.operands else None
        if exponent is None or is_shifted(exponent, 0):
            return False
        known = self.at_start.of_value(exponent)
        return LARGE < known.high < math.inf or -math.inf < known.high < -LARGE

    # ------------------------------------------------------------------ division, powers

    def of_division(self, node: Node) -> Singularity | None:
        x, y = self.argument(node, 0), self.argument(node, 1)
        if not self.path.holds(y):
            return None
        above = set(self.exponentials(x, 0))
        below = set(self.exponentials(y, 0))
        if above and below:
            # for: exp(x) / (1 + exp(x)), inf / inf at large x
            exponents = {origin_of_exponent(n) for n in above} & {
                origin_of_exponent(n) for n in below
            }
            if exponents and any(self.is_large(n) for n in above | below):
                return Singularity.LOG_OF_EXP
        return Singularity.DIVISION if touches_zero(self.range(y)) else None

    def of_power(self, node: Node) -> Singularity | None:
        x, exponent = self.argument(node, 0), self.argument(node, 1)
        if not self.path.holds(x) or exponent is None:
            return None
        # for: x ** gamma, where gamma is a variable that starts with 0.45
        start = self.at_start.of_value(exponent)
        if start.low != start.high:
            return None
        power = start.low
        known = self.range(x)
        if power == 0:
            return Singularity.POWER if known.zero else None
        if 0 < power < 1 and touches_zero(known):
            return Singularity.POWER
        return Singularity.DIVISION if power < 0 and touches_zero(known) else None

    def reaches_bound(self, x: Value | None) -> bool:
        """Whether an argument is clipped to exactly [-1, 1], or a cosine that reaches it."""
        inner = behind_moves(x)
        if inner is None or short(inner.op) not in ("clip_by_value", "clip"):
            return False
        known = self.range(x)
        return known.low == -1.0 or known.high == 1.0

    # ------------------------------------------------------------------ where

    def guarded(self, node: Node) -> Iterator[Node]:
        """Yield the singular operations in the branches of a `where` that its condition guards."""
        values = [v for _, v in node.operands]
        if len(values) < 3 or not isinstance(values[0], Data):
            return
        compared = compared_nodes(values[0].node)
        for branch in values[1:3]:
            for inner in elementwise_past(branch):
                if inner in self.path.nodes and self.is_singular_at_guard(inner, compared):
                    yield inner

    def is_spread(self, node: Node) -> bool:
        """Whether the root of a negative number, NaN itself, is taken on to other slopes.

        for: where(x > 0, scale * sqrt(x), 0.0); a zero times NaN is NaN, for `scale` at least
        """
        x = self.argument(node)
        made_by = behind_moves(x)
        if short(node.op) not in ROOTS or self.range(x).low >= 0 or made_by is None:
            return False
        if short(made_by.op) not in SIGNED and not made_by.op.startswith("keras.layers."):
            return False
        for later in blame.following(node, self.path.nodes):
            if short(later.op) == "where":
                return False
            if short(later.op) in SLOPED and sum(map(self.path.holds, values_of(later))) > (
                short(later.op) in FACTORS
            ):
                return True
        return False

    def is_singular_at_guard(self, node: Node, compared: set[Node]) -> bool:
        name = short(node.op)
        x = self.argument(node, 1 if name in DIVISIONS else 0)
        if not self.path.holds(x) or not isinstance(x, Data | VariableValue):
            return False
        made_by = behind_moves(x)
        if made_by is not None and short(made_by.op) == "where":
            # for: safe = tf.where(x != 0.0, x, 1.0); tf.where(x != 0.0, 1.0 / safe, 0.0)
            return False
        if not ({x.node} | {e.parent for e in x.node.edges}) & compared:
            return False
        known = self.range(x)
        if name in LOGS or name in DIVISIONS or name in SAFE_UNDER_WHERE:
            return not known.is_away_from_zero
        if name in POWERS:
            exponent = self.argument(node, 1)
            power = exponent.value if isinstance(exponent, Const) else None
            if not isinstance(power, int | float) or isinstance(power, bool):
                return False
            return (power < 0 or 0 < power < 1) and not known.is_away_from_zero
        return name in ARCS and not (known.low > -1 and known.high < 1)


def values_of(node: Node) -> list[Value]:
    return [value for _, value in node.operands]


def touches_zero(known: Range) -> bool:
    return known.zero and not known.is_away_from_zero


def behind_moves(x: Value | None) -> Node | None:
    """Return the node that computed a value, past operations that only rearrange it."""
    return behind(x, MOVES)


def origin_of_exponent(node: Node) -> Node | None:
    inner = behind_moves(node.operands[0][1]) if node.operands else None
    while inner is not None and short(inner.op) in ("-x", "negative") and inner.operands:
        inner = behind_moves(inner.operands[0][1])
    return inner


def compared_nodes(test: Node, depth: int = 0) -> set[Node]:
    """Return the values that a condition compares."""
    found: set[Node] = set()
    if depth > 4:
        return found
    for _, operand in test.operands:
        if isinstance(operand, Data | VariableValue):
            found.add(operand.node)
            name = short(operand.node.op)
            if (
                name in ("logical_and", "logical_or", "logical_not", "abs", "cast")
                or operand.node.dtype.is_blocked
            ):
                found |= compared_nodes(operand.node, depth + 1)
    return found


ELEMENTWISE = frozenset(
    "+ - * / ** -x add subtract multiply divide pow negative log exp square sqrt cast reshape "
    "expand_dims squeeze identity acos asin rsqrt".split()
)


def elementwise_past(value: Value, depth: int = 0) -> Iterator[Node]:
    """Yield the elementwise operations that made a branch."""
    if not isinstance(value, Data) or depth > 6:
        return
    node = value.node
    if short(node.op) not in ELEMENTWISE:
        return
    yield node
    for _, operand in node.operands:
        yield from elementwise_past(operand, depth + 1)


class Suspects:
    """The operations of one run that may give NaN, each named once; `contents` opens containers."""

    def __init__(self, contents: Callable[[Box], Contents]) -> None:
        self.contents = contents
        self.search = Search(contents)
        self.named: set[Node] = set()

    def observed(
        self, path: Path, targets: list[Node], sources: list[Node]
    ) -> Iterator[NanReachable]:
        """Yield each operation that may give NaN to one of the sources, unless it was named."""
        finder = Finder(path, self.contents)
        found = list(finder.found())
        # Numbers that are given may be NaN before the path begins: 0 / 0 of a column that is constant.
        if any(blame.may_break(node) for node in past(targets)):
            found = [*blame.found(self.search, targets, sources, path.nodes), *found]
            known = self.search.evaluator.tensors
            hypotheses = Hypotheses(path.nodes, targets, finder.ranges, self.contents, known)
            found += hypotheses.found()
        for node, what in found:
            if node not in self.named and node.place is not None:
                self.named.add(node)
                yield NanReachable(node.place, what, node, tuple(sources))
