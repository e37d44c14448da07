"""TAP112: what was unfrozen after the first step is not trained until the model is compiled again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation, RequestMisused
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import code
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP112"
RULE = Rule(CODE, "unfrozen-without-compile")
HELP = "call `compile` again after `trainable` was changed, with a new optimizer"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every call that trains on without what was unfrozen."""
    for span, found in distinct(
        observations, RequestMisused, lambda o: o.what == "unfrozen after a step"
    ):
        steps = [Step(span, Role.BREAK, "this trains what the first step trained")]
        if found.tape is not None and found.tape is not found.place:
            steps.insert(0, Step(found.tape.span(), Role.STEP, "the first step after `compile`"))
        message = f"{code(found.label)} does not train what was unfrozen since the first step"
        yield RULE.finding(span, message, HELP, tuple(steps))
