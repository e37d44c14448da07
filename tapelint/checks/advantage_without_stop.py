"""TAP704: the advantage of a policy loss is differentiated, and the critic learns from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation, RequestMisused
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import code, fitting
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Severity, Step

CODE = "TAP704"
RULE = Rule(CODE, "advantage-without-stop", Severity.NOTE)
HELP = "multiply by `tf.stop_gradient(advantage)`; the critic learns from its own loss"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every such product."""
    for span, found in distinct(
        observations, RequestMisused, lambda o: o.what == "advantage differentiated"
    ):
        text = code(" ".join(found.place.text().split()))
        why = "the advantage is differentiated too, and trains the critic"
        steps = [Step(span, Role.BREAK, "a gradient runs into the critic here")]
        if found.tape is not None:
            steps.append(Step(found.tape.span(), Role.TAPE, "its variables are asked for here"))
        message = fitting(f"in {text} {why}", why)
        yield RULE.finding(span, message, HELP, tuple(steps), is_likely=True)
