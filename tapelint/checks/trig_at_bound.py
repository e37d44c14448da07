"""TAP509: an inverse trigonometric function is taken at its bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation, Singularity
from tapelint.checks import nan
from tapelint.checks.findings import Rule
from tapelint.model import Finding, Severity

CODE = "TAP509"
RULE = Rule(CODE, "trig-at-bound", Severity.WARNING)
WHY = "where its argument is 1 or -1"
HELP = "clip to less than the bound: `tf.clip_by_value(x, -1.0 + 1e-6, 1.0 - 1e-6)`"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every such operation."""
    return nan.findings(observations, Singularity.ARC, RULE, WHY, HELP)
