"""TAP504: the norm of a vector that is zero has no gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation, Singularity
from tapelint.checks import nan
from tapelint.checks.findings import Rule
from tapelint.model import Finding, Severity

CODE = "TAP504"
RULE = Rule(CODE, "norm-at-zero", Severity.WARNING)
WHY = "where the vector is zero"
HELP = "write `tf.sqrt(tf.reduce_sum(tf.square(x), axis) + 1e-12)`, or take the squared distance"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every such operation."""
    return nan.findings(observations, Singularity.NORM, RULE, WHY, HELP)
