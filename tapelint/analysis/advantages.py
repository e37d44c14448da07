"""Finds policy losses whose advantage is differentiated, too: the critic is made to please the actor.

`log_prob * (returns - value)` with a value that is learned, by a request for the critic's variables
as well. The mean of the product has no part in what the critic is to learn.
"""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.analysis.graph import Kind, Node, past
from tapelint.analysis.origins import MOVES, short
from tapelint.analysis.singular import Path
from tapelint.analysis.values import Data, Value, VariableValue

PRODUCTS = frozenset({"*", "multiply"})
DIFFERENCES = frozenset({"-", "subtract"})
# What a policy is trained by.
LOGS = frozenset(
    "log log_softmax log_prob log_sigmoid sparse_softmax_cross_entropy_with_logits "
    "softmax_cross_entropy_with_logits sparse_categorical_crossentropy "
    "categorical_crossentropy".split()
)
# What stands between a log and the product: sums of a row, signs, the ratio of new to old.
BETWEEN = MOVES | frozenset("-x negative reduce_sum sum exp - + * subtract add multiply".split())
AVERAGES = frozenset({"reduce_mean", "mean", "/", "divide", "add_n"})
DEEPEST = 10
MOST_NODES = 400


def found(path: Path, targets: list[Node]) -> Iterator[Node]:
    """Yield each product of a log-probability and an advantage that is differentiated itself."""
    products = path.nodes.intersection(policy_terms(targets))
    for node in sorted(products, key=lambda n: n.number):
        operands = [v for _, v in node.operands[:2]]
        for log, advantage in (operands, operands[::-1]):
            if path.holds(log) and path.holds(advantage) and is_pair(path, log, advantage):
                yield node
                break


def policy_terms(targets: list[Node]) -> Iterator[Node]:
    """Yield the products with a log-probability that the targets are sums or means of."""
    seen: set[Node] = set()
    waiting = list(targets)
    while waiting and len(seen) < MOST_NODES:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        name = short(node.op)
        if name in PRODUCTS and any(any(logs_in(v, 0)) for _, v in node.operands[:2]):
            yield node
        if node.kind is Kind.JOIN or name in BETWEEN or name in AVERAGES:
            waiting += [edge.parent for edge in node.edges]


def is_pair(path: Path, log: Value, advantage: Value) -> bool:
    """Whether the one is a log-probability, the other what was got less what was expected."""
    judged = list(logs_in(log, 0))
    expected = expectation(path, advantage)
    if not judged or expected is None:
        return False
    # for: log(p) * (y - p), a loss with a weight of its own
    before = past([expected])
    behind = {edge.parent for node in judged for edge in node.edges}
    return not before & (behind | set(judged)) - variables(before) and expected not in past(judged)


def variables(nodes: set[Node]) -> set[Node]:
    """Return the variables among nodes: two heads of a model may share some."""
    return {node for node in nodes if node.op == "variable"}


def logs_in(value: Value, depth: int) -> Iterator[Node]:
    """Yield the log-probabilities that a value is made of."""
    if not isinstance(value, Data) or depth > DEEPEST:
        return
    name = short(value.node.op).lstrip(".")
    if name in LOGS:
        yield value.node
    elif name in BETWEEN:
        for _, operand in value.node.operands:
            yield from logs_in(operand, depth + 1)


def expectation(path: Path, advantage: Value) -> Node | None:
    """Return the learned value that is taken off what is given."""
    for _ in range(DEEPEST):
        operands = advantage.node.operands if isinstance(advantage, Data) else ()
        if not isinstance(advantage, Data) or not operands:
            return None
        name, given = short(advantage.node.op).lstrip("."), operands[0][1]
        if name in DIFFERENCES and len(operands) == 2:
            expected = operands[1][1]
            # What was got may be an estimate of the critic, too: of the state that came next.
            if not isinstance(given, Data | VariableValue):
                return None
            if not isinstance(expected, Data | VariableValue):
                return None
            return expected.node if path.holds(expected) else None
        if name not in MOVES:
            return None
        advantage = given
    return None
