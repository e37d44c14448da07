"""Which rule a NaN that was computed falls under, and at which operation it is reported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.concrete.evaluator import short
from tapelint.analysis.concrete.search import Culprit, Search
from tapelint.analysis.graph import Effect, Node
from tapelint.analysis.observations import Singularity
from tapelint.analysis.values import Const, Data, VariableValue

# By the operation that made something infinite or NaN.
KINDS = {
    "log": Singularity.LOG,
    "log1p": Singularity.LOG,
    "xlogy": Singularity.LOG,
    "sqrt": Singularity.SQRT,
    "rsqrt": Singularity.SQRT,
    "div": Singularity.DIVISION,
    "reciprocal": Singularity.DIVISION,
    "pow": Singularity.POWER,
    "acos": Singularity.ARC,
    "asin": Singularity.ARC,
    "acosh": Singularity.ARC,
    "atanh": Singularity.ARC,
    "atan2": Singularity.ARC,
    "softmax": Singularity.SOFTMAX,
    "log_softmax": Singularity.SOFTMAX,
}
# TensorFlow 2.21: their gradients are zero where nothing comes in, but not when XLA compiles them.
ROOTS = frozenset({"sqrt", "rsqrt", "reciprocal"})
NORMS = frozenset({"norm", "euclidean_norm", "reduce_euclidean_norm", "normalize"})
GROWING = frozenset({"exp", "expm1", "sinh", "cosh"})
PROBABILITIES = frozenset({"softmax", "sigmoid"})
# What takes an `exp` back, for which TensorFlow has a function that does both.
TAKES_BACK = frozenset({"log", "log1p", "/", "divide", "truediv", "sigmoid", "softmax"})
CANDIDATES = frozenset(
    "log log1p xlogy sqrt rsqrt reciprocal acos asin acosh atanh atan2 arccos arcsin arctan2 "
    "norm euclidean_norm reduce_std std exp expm1 sinh cosh normalize xdivy softmax "
    "log_softmax".split()
)
DIVISIONS = frozenset({"/", "divide", "truediv", "**", "pow", "power"})


def may_break(node: Node) -> bool:
    """Whether an operation has numbers at which its gradient is infinite or NaN."""
    name = short(node.op)
    if name in CANDIDATES:
        return True
    # for: x / 255.0, x ** 2
    second = node.operands[1][1] if len(node.operands) > 1 else None
    if name not in DIVISIONS or second is None:
        return False
    if not isinstance(second, Const):
        return True
    return second.value == 0 if name in ("/", "divide", "truediv") else is_steep(second.value)


def is_steep(power: object) -> bool:
    """Whether a power has no finite slope at zero, or none at all (0 ** 0)."""
    return not isinstance(power, int | float) or power < 1


def found(
    search: Search, targets: Sequence[Node], sources: Sequence[Node], path: frozenset[Node]
) -> Iterator[tuple[Node, Singularity]]:
    """Yield the operations that make the gradient of some source NaN, with the rule they break."""
    told: set[Node] = set()
    for _, culprit in search.culprits(targets, sources, path):
        node = culprit.tensor.node
        if node is None or node in told:
            continue
        told.add(node)
        judged = judge(node, culprit, path)
        if judged is not None:
            yield judged


def judge(node: Node, culprit: Culprit, path: frozenset[Node]) -> tuple[Node, Singularity] | None:
    """Return where a NaN is reported and by which rule; None where no rule is about it."""
    if culprit.tensor.op in GROWING:
        if culprit.is_zeroed and is_chosen_from(node, path):
            return node, Singularity.WHERE
        taker = next((n for n in following(node, path) if short(n.op) in TAKES_BACK), None)
        return None if taker is None else (taker, Singularity.LOG_OF_EXP)
    kind = KINDS.get(culprit.tensor.op)
    if kind is None:
        return None
    if culprit.is_zeroed and is_chosen_from(node, path):
        is_root = node.is_compiled and culprit.tensor.op in ROOTS
        return node, Singularity.COMPILED if is_root else Singularity.WHERE
    if short(node.op) in NORMS:
        return node, Singularity.NORM
    if kind is Singularity.LOG and short(made_by(node).op) in PROBABILITIES:
        return node, Singularity.LOG_OF_SOFTMAX
    if kind is Singularity.POWER and is_negative_power(node):
        return node, Singularity.DIVISION
    return node, kind


def made_by(node: Node) -> Node:
    value = node.operands[0][1] if node.operands else None
    return value.node if isinstance(value, Data | VariableValue) else node


def is_negative_power(node: Node) -> bool:
    power = node.operands[1][1] if len(node.operands) > 1 else None
    return isinstance(power, Const) and isinstance(power.value, int | float) and power.value < 0


def following(node: Node, path: frozenset[Node]) -> Iterator[Node]:
    """Yield what was computed from a node, nearest first."""
    reached = {node}
    for later in sorted((n for n in path if n.number > node.number), key=lambda n: n.number):
        if any(e.parent in reached and e.effect is Effect.FLOWS for e in later.edges):
            reached.add(later)
            yield later


def is_chosen_from(node: Node, path: frozenset[Node]) -> bool:
    """Whether what a node gives is one branch of a `where` further on."""
    return any(short(n.op) == "where" for n in following(node, path))
