"""TAP510: a softmax is taken of a row that is -inf throughout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation, Singularity
from tapelint.checks import nan
from tapelint.checks.findings import Rule
from tapelint.model import Finding, Severity

CODE = "TAP510"
RULE = Rule(CODE, "all-masked-softmax", Severity.WARNING)
WHY = "where a row is -inf throughout"
HELP = "mask with a large finite number such as -1e9 instead of -inf"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every such operation."""
    return nan.findings(observations, Singularity.SOFTMAX, RULE, WHY, HELP)
