"""What numbers a value may be: an interval, and whether zero is known to occur in it.

Followed through operations, so that `sqrt(x**2 + eps)` is away from zero and `sqrt(x**2)` is not.
Zero is claimed only on evidence (a literal, `relu`, a thing minus itself), never from ignorance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from tapelint.analysis.graph import Kind, Node, is_written_into
from tapelint.analysis.intervals import TINY, UNKNOWN, Range, bounded, hull
from tapelint.analysis.origins import MOVES, SUMS, as_read, same_origin, short
from tapelint.analysis.parts import part_of
from tapelint.analysis.state import Contents
from tapelint.analysis.transfers import TRANSFERS
from tapelint.analysis.values import Box, Const, Data, Tuple, Union, Value, VariableValue

DEEPEST = 200


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
        part = part_of(node, self.elements) if name in ("[]", "split") else None
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


COMPARISONS = {"greater": ">", "less": "<", "greater_equal": ">=", "less_equal": "<=",
               "not_equal": "!=", "equal": "=="}  # fmt: skip
MIRRORED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}
NEGATED = {">": "<=", "<": ">=", ">=": "<", "<=": ">", "==": "!=", "!=": "=="}


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


# ---------------------------------------------------------------------- one operation each
