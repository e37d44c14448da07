"""TAP407: a `LossScaleOptimizer` gets gradients of a loss that was never scaled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Misuse, Observation, UpdateMisused
from tapelint.checks.findings import Rule, asked_steps
from tapelint.checks.phrasing import called, code, fitting
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP407"
RULE = Rule(CODE, "unscaled-loss")
HELP = "differentiate `optimizer.scale_loss(loss)`, computed inside the tape"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every step that divides by a scale nobody multiplied by."""
    for span, found in distinct(observations, UpdateMisused, lambda o: o.what is Misuse.UNSCALED):
        name = code(called(found.place))
        which = code(found.labels[0]) if found.labels else "the loss"
        message = fitting(
            f"{name} divides by the loss scale, and {which} was never scaled",
            "the gradients are divided by the loss scale, and the loss was never scaled",
        )
        steps = (
            *asked_steps(found),
            Step(span, Role.BREAK, "a `LossScaleOptimizer` divides them by its scale"),
        )
        yield RULE.finding(span, message, HELP, steps)
