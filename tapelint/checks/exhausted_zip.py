"""TAP404: an iterator of pairs is used up before the update gets it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Misuse, Observation, UpdateMisused
from tapelint.checks.findings import Rule, asked_steps
from tapelint.checks.phrasing import called, code
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP404"
RULE = Rule(CODE, "exhausted-zip")

HELP = "wrap the iterator in `list(...)` where it is made"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every iterator that has nothing left to give."""
    for span, found in distinct(observations, UpdateMisused, lambda o: o.what is Misuse.EXHAUSTED):
        name = code(called(found.place))
        steps = (*asked_steps(found), Step(span, Role.BREAK, "nothing is left in it here"))
        yield RULE.finding(span, f"{name} is given an iterator that is used up", HELP, steps)
