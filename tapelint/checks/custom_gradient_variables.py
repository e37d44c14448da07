"""TAP602: a custom gradient uses a variable and its gradient function takes no `variables`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import CustomGradientMisused, Observation
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import code
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP602"
RULE = Rule(CODE, "custom-gradient-variables")
HELP = "take `variables=None` in the gradient function and return `(gradients, variable_gradients)`"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every such function."""
    for span, found in distinct(
        observations, CustomGradientMisused, lambda o: o.what == "variables"
    ):
        name = code(found.name)
        variable = code(found.detail) if found.detail else "a variable"
        message = (
            f"{name} uses {variable}, but its gradient takes no `variables`: calling it raises"
        )
        step = "there is no `variables` among these parameters"
        yield RULE.finding(span, message, HELP, (Step(span, Role.BREAK, step),), is_likely=False)
