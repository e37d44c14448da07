"""TAP202: a tensor becomes a Python number or an array between source and target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Node, Reason
from tapelint.analysis.observations import Observation
from tapelint.checks.findings import Rule, idle_terms
from tapelint.checks.phrasing import callee, code
from tapelint.checks.verdicts import Case, Outcome, break_place, cut_by, groups
from tapelint.model import Finding

CODE = "TAP202"
RULE = Rule(CODE, "python-value-in-tape")
IS_MINE = cut_by(Reason.PYTHON)

METHODS = frozenset({"numpy", "item", "tolist"})


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every conversion to Python that ends a gradient."""
    for group in groups(observations, IS_MINE, break_place):
        name = code(conversion(group.first.broken.node))
        made = f"{name} made a Python value of it"
        yield RULE.lost(
            group,
            why=made if is_target(group.first) else f"cut here by {name}",
            at_break=f"{name} makes a Python value of the tensor",
            help=advice(group.first.broken.node),
        )
    yield from idle_terms(RULE, observations, Reason.PYTHON, conversion, advice)


def is_target(case: Case) -> bool:
    """Whether the converted value is itself the target, which raises."""
    return case.outcome is Outcome.RAISES


def conversion(node: Node) -> str:
    """Return what converts, as the user spelled it: `float`, `.numpy()`."""
    last = node.op.rpartition(".")[2]
    if last == "format":
        return "str.format" if node.place is None else node.place.text()
    return f".{last}()" if last in METHODS else callee(node.op, node.place)


def advice(node: Node) -> str:
    """Say how the value stays a tensor."""
    last = node.op.rpartition(".")[2]
    if last == "format":
        return "keep the number itself; format it for the log line only"
    if last in METHODS:
        return f"leave out `.{last}()`: TensorFlow computes with the tensor itself"
    if last in ("int", "round"):
        return f"leave out `{last}`: an integer has no gradient in TensorFlow either"
    name = code(conversion(node))
    return f"leave out {name}: the tensor works as a number; `tf.cast` changes its dtype"
