"""TAP405: a gradient that is None reaches clipping or arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Misuse, Observation, UpdateMisused
from tapelint.checks.findings import Rule, asked_steps
from tapelint.checks.phrasing import code, described
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP405"
RULE = Rule(CODE, "none-into-clip")

HELP = (
    "mend what makes the gradient None; where None is expected, use `tf.clip_by_global_norm`, or"
    ' `unconnected_gradients="zero"` (which raises for Keras variables: ask for their `value`)'
)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every operation that stumbles over None."""
    for span, found in distinct(observations, UpdateMisused, lambda o: o.what is Misuse.NONE_USED):
        name = code(described(found.op, found.place))
        which = f"{code(found.labels[0])} is None" if found.labels else "a gradient is None"
        steps = (*asked_steps(found, "this gradient is None"), Step(span, Role.BREAK, which))
        yield RULE.finding(span, f"{name} raises: {which}", HELP, steps)
