"""TAP406: gradients are computed and not used, or clipped and applied as they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Misuse, Observation, UpdateMisused
from tapelint.checks.findings import Rule, asked_steps
from tapelint.checks.phrasing import called, code
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Severity, Step

CODE = "TAP406"
RULE = Rule(CODE, "unused-gradients", Severity.WARNING)

KINDS = frozenset({Misuse.UNUSED, Misuse.UNAPPLIED, Misuse.CLIPPED_UNUSED})


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every result that nobody reads."""
    for span, found in distinct(observations, UpdateMisused, lambda o: o.what in KINDS):
        name = code(found.labels[0] if found.labels and found.labels[0] else "the result")
        call = code(called(found.place))
        match found.what:
            case Misuse.CLIPPED_UNUSED:
                message = f"{name} is never used: the gradients are applied as they were"
                help = f"apply {name}, or let the optimizer clip: `global_clipnorm=1.0`"
            case Misuse.UNAPPLIED:
                message = f"the gradients of {call} are never applied: {name} takes no step"
                help = "apply them: `optimizer.apply_gradients(zip(gradients, variables))`"
            case _:
                message = f"{name} is computed and never used"
                help = "apply the gradients, or leave the request out"
        steps = (*asked_steps(found), Step(span, Role.BREAK, f"{call} computes it"))
        yield RULE.finding(span, message, help, steps)
