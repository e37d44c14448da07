"""TAP602: a custom gradient uses a variable and its gradient function takes no `variables`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import CustomGradientMisused, Observation
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import called, code
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP602"
RULE = Rule(CODE, "custom-gradient-variables")
HELP = (
    "take `variables=None` in the gradient function and return `(gradients, variable_gradients)`, or"
    " hand a tensor over: `tf.convert_to_tensor(variable)`"
)


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
        steps = [Step(span, Role.BREAK, step)]
        if found.called is not None:
            call = f"{code(called(found.called))} reads {variable} and raises"
            steps.append(Step(found.called.span(), Role.TARGET, call))
        yield RULE.finding(span, message, HELP, tuple(steps), is_likely=False)
