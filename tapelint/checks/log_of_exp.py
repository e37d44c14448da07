"""TAP501: `exp` overflows or vanishes before a logarithm or a ratio takes it back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation, Singularity
from tapelint.checks import nan
from tapelint.checks.findings import Rule
from tapelint.model import Finding, Severity

CODE = "TAP501"
RULE = Rule(CODE, "log-of-exp", Severity.WARNING)
WHY = "where `exp` overflows"
HELP = "use `tf.nn.softplus`, `tf.reduce_logsumexp`, `tf.sigmoid` or `tf.nn.softmax`"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every such operation."""
    return nan.findings(observations, Singularity.LOG_OF_EXP, RULE, WHY, HELP)
