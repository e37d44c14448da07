"""TAP408: a gradient that is an `IndexedSlices` is used like a dense tensor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Misuse, Observation, UpdateMisused
from tapelint.checks.findings import Rule, asked_steps
from tapelint.checks.phrasing import code, described, fitting
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP408"
RULE = Rule(CODE, "sparse-gradient-arithmetic")
HELP = "make it dense: `tf.convert_to_tensor(gradient)`, or let an optimizer apply it"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every operation that does not take one."""
    for span, found in distinct(
        observations, UpdateMisused, lambda o: o.what is Misuse.SPARSE_USED
    ):
        name = code(described(found.op, found.place))
        which = code(found.labels[0]) if found.labels else "the gradient"
        why = f"{which} is an `IndexedSlices`"
        message = fitting(
            f"{name} raises: {why}", "this raises: the gradient is an `IndexedSlices`"
        )
        steps = (
            *asked_steps(found, "the table is only gathered from: its gradient is sparse"),
            Step(span, Role.BREAK, f"{which} is used like a dense tensor"),
        )
        yield RULE.finding(span, message, HELP, steps)
