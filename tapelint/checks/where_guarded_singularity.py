"""TAP502: a branch of `where` is singular at the very numbers that the condition keeps out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation, Singularity
from tapelint.checks import nan
from tapelint.checks.findings import Rule
from tapelint.model import Finding, Severity

CODE = "TAP502"
RULE = Rule(CODE, "where-guarded-singularity", Severity.WARNING)
WHY = "where the guard takes the other branch"
UNDER_XLA = f"{WHY}, under XLA"
HELP = "make the argument harmless first: `safe = tf.where(ok, x, 1.0)`, then use `safe`"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every such operation."""
    yield from nan.findings(observations, Singularity.WHERE, RULE, WHY, HELP)
    yield from nan.findings(observations, Singularity.COMPILED, RULE, UNDER_XLA, HELP)
