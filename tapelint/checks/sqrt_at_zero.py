"""TAP503: a square root or standard deviation is taken of zero."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation, Singularity
from tapelint.checks import nan
from tapelint.checks.findings import Rule
from tapelint.model import Finding, Severity

CODE = "TAP503"
RULE = Rule(CODE, "sqrt-at-zero", Severity.WARNING)
WHY = "where its argument is zero"
HELP = "add a small number under the root: `tf.sqrt(x + 1e-12)`"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every such operation."""
    return nan.findings(observations, Singularity.SQRT, RULE, WHY, HELP)
