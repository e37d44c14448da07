"""TAP505: the divisor is zero somewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation, Singularity
from tapelint.checks import nan
from tapelint.checks.findings import Rule
from tapelint.model import Finding, Severity

CODE = "TAP505"
RULE = Rule(CODE, "division-by-zero", Severity.WARNING)
WHY = "where the divisor is zero"
HELP = "use `tf.math.divide_no_nan(x, y)`, or add a small number to the divisor"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every such operation."""
    return nan.findings(observations, Singularity.DIVISION, RULE, WHY, HELP)
