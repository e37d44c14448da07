"""TAP601: a custom gradient gives another number of gradients than there are arguments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import CustomGradientMisused, Observation
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import code
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP601"
RULE = Rule(CODE, "custom-gradient-arity")
HELP = (
    "return one gradient for each argument of the decorated function, None for one that needs none"
)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every such function."""
    for span, found in distinct(observations, CustomGradientMisused, lambda o: o.what == "arity"):
        name = code(found.name)
        given, wanted = found.detail.split()
        message = (
            f"the gradient of {name} gives {given} gradients for {wanted} arguments, which raises"
        )
        step = f"{given} come back where {wanted} are wanted"
        yield RULE.finding(span, message, HELP, (Step(span, Role.BREAK, step),), is_likely=False)
