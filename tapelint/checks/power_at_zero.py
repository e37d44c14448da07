"""TAP508: zero is raised to the power 0 or to a fraction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation, Singularity
from tapelint.checks import nan
from tapelint.checks.findings import Rule
from tapelint.model import Finding, Severity

CODE = "TAP508"
RULE = Rule(CODE, "power-at-zero", Severity.WARNING)
WHY = "where the base is zero"
HELP = "leave the power 0 out of the sum, or add a small number to the base of a fractional power"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every such operation."""
    return nan.findings(observations, Singularity.POWER, RULE, WHY, HELP)
