"""TAP401: gradients and variables are paired in the wrong order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Misuse, Observation, UpdateMisused
from tapelint.checks.findings import Rule, asked_steps
from tapelint.checks.phrasing import called, code
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP401"
RULE = Rule(CODE, "swapped-pairs")


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every update in which variable and gradient have changed places."""
    for span, found in distinct(observations, UpdateMisused, lambda o: o.what is Misuse.SWAPPED):
        name = called(found.place)
        if name.rpartition(".")[2].startswith("apply"):
            message = f"{code(name)} is given variables where gradients belong, which raises"
            step, help = "each pair begins with its variable", "swap the arguments of `zip`"
        else:
            message = f"{code(found.place.text())} takes the variable from its gradient"
            step, help = "the gradient stands first", "swap the names that unpack the pairs"
        steps = (*asked_steps(found), Step(span, Role.BREAK, step))
        yield RULE.finding(span, message, help, steps)
