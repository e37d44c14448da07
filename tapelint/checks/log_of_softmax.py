"""TAP507: the logarithm of a softmax or sigmoid is taken, which rounds to zero."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation, Singularity
from tapelint.checks import nan
from tapelint.checks.findings import Rule
from tapelint.model import Finding, Severity

CODE = "TAP507"
RULE = Rule(CODE, "log-of-softmax", Severity.WARNING)
WHY = "where the probability rounds to zero"
HELP = "use `tf.nn.log_softmax(logits)`, `tf.math.log_sigmoid(x)` or a loss with `from_logits=True`"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every such operation."""
    return nan.findings(observations, Singularity.LOG_OF_SOFTMAX, RULE, WHY, HELP)
