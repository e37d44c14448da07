"""TAP604: a function with a custom gradient is called by keyword."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import CustomGradientMisused, Observation
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import code
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP604"
RULE = Rule(CODE, "custom-gradient-keywords")
HELP = "give the arguments by position"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every such function."""
    for span, found in distinct(
        observations, CustomGradientMisused, lambda o: o.what == "keywords"
    ):
        name = code(found.name)
        message = f"{name} is called by keyword: TensorFlow ignores its custom gradient"
        step = "arguments given by keyword are not seen by the custom gradient"
        yield RULE.finding(span, message, HELP, (Step(span, Role.BREAK, step),), is_likely=False)
