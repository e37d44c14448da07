"""TAP506: the logarithm of zero is taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation, Singularity
from tapelint.checks import nan
from tapelint.checks.findings import Rule
from tapelint.model import Finding, Severity

CODE = "TAP506"
RULE = Rule(CODE, "log-at-zero", Severity.WARNING)
WHY = "where its argument is zero"
HELP = "add a small number: `tf.math.log(x + 1e-8)`, or use `tf.math.xlogy(x, x)` for `x * log(x)`"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every such operation."""
    return nan.findings(observations, Singularity.LOG, RULE, WHY, HELP)
