"""TAP402: gradients taken for one list of variables are applied to another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Misuse, Observation, UpdateMisused
from tapelint.checks.findings import Rule, asked_steps
from tapelint.checks.phrasing import called, code, listed
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP402"
RULE = Rule(CODE, "mismatched-pairs")

HELP = "name the list of variables once, and use that name for `gradient` and for `zip`"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every update by the gradient of another variable."""
    for span, found in distinct(observations, UpdateMisused, lambda o: o.what is Misuse.MISMATCHED):
        name = code(called(found.place))
        if called(found.place) == "zip":
            message = "`zip` pairs gradients with more or fewer variables, and drops the rest"
        elif found.labels:
            message = f"{name} gives {listed(found.labels, 2)} the gradient of another variable"
        else:
            message = f"{name} gives variables the gradients of others"
        steps = (*asked_steps(found), Step(span, Role.BREAK, "the pairs do not belong together"))
        yield RULE.finding(span, message, HELP, steps)
