"""TAP213: a random sample without a path to its parameters between source and target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Reason
from tapelint.analysis.observations import Observation
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import callee, code
from tapelint.checks.verdicts import break_place, cut_by, groups
from tapelint.model import Finding

CODE = "TAP213"
RULE = Rule(CODE, "sampled-value")
IS_MINE = cut_by(Reason.SAMPLE)

SCORE = "`-log_probability * reward` differentiates the probability of the sample"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every sample that ends a gradient."""
    for group in groups(observations, IS_MINE, break_place):
        node = group.first.broken.node
        name = code(callee(node.op, node.place))
        yield RULE.lost(
            group,
            why=f"{name} draws a sample",
            at_break=f"the sample of {name} does not move with its parameters",
            help=advice(node.op),
        )


def advice(op: str) -> str:
    """Name an estimator that has a gradient."""
    if "categorical" in op:
        return f"relax the sample (Gumbel-softmax), or use the score function: {SCORE}"
    return f"reparameterise, take the expectation, or use the score function: {SCORE}"
