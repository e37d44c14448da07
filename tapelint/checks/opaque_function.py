"""TAP208: a function TensorFlow cannot look into between source and target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Reason
from tapelint.analysis.observations import Observation
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import callee, code
from tapelint.checks.verdicts import Case, break_place, cut_by, groups, reason_of
from tapelint.model import Finding

CODE = "TAP208"
RULE = Rule(CODE, "opaque-function")
IS_MINE = cut_by(Reason.OPAQUE, Reason.DATASET)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every opaque function that ends a gradient."""
    for group in groups(observations, IS_MINE, break_place):
        name, sentence = description(group.first)
        yield RULE.lost(
            group, why=f"cut here by {name}", at_break=sentence, help=advice(group.first)
        )


def description(case: Case) -> tuple[str, str]:
    """Return what cuts, and a sentence about it."""
    node = case.broken.node
    match reason_of(case.broken.edge):
        case Reason.DATASET:
            return "a data set", "elements of a data set come without their history"
        case _:
            name = code(callee(node.op, node.place))
            return name, f"{name} runs Python that the tape cannot follow"


def advice(case: Case) -> str:
    """Say how the function becomes differentiable."""
    match reason_of(case.broken.edge):
        case Reason.DATASET:
            return "compute on the elements inside the tape, not in the `tf.data` pipeline"
        case _:
            return (
                "write the body with TensorFlow operations and call it directly,"
                " or give its derivative with `tf.custom_gradient`"
            )
