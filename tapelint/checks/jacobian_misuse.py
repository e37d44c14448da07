"""TAP306: `jacobian` or `batch_jacobian` is asked for something it cannot give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tapelint.analysis.observations import Observation, RequestMisused
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import called, code
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP306"
RULE = Rule(CODE, "jacobian-misuse")


@dataclass(frozen=True, slots=True)
class Misuse:
    """What to say about one kind of misuse: end of the message, its step, advice."""

    message: str
    step: str
    help: str


MISUSES = {
    "jacobian of a list": Misuse(
        "of a list of targets raises",
        "the target is a list, and one tensor is wanted",
        "stack the targets with `tf.stack`, or ask a persistent tape for each",
    ),
    "batch jacobian of a vector": Misuse(
        "raises: it wants a batch axis and one more",
        "target or source has fewer than two axes",
        "keep the axis of a scalar a row: `keepdims=True`",
    ),
    "batch jacobian of two batches": Misuse(
        "raises: target and source differ in their first axis, the batch",
        "their first axes differ",
        "ask for the whole `jacobian`",
    ),
    "batch jacobian of other rows": Misuse(
        "is wrong where the rows of a batch depend on each other",
        "only the part of each row for itself is computed",
        "ask for the whole `jacobian`, or normalise with `training=False`",
    ),
}


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every Jacobian that raises or is not the wanted one."""
    for span, found in distinct(observations, RequestMisused, lambda o: o.what in MISUSES):
        misuse = MISUSES[found.what]
        steps = (Step(span, Role.BREAK, misuse.step),)
        message = f"{code(called(found.place))} {misuse.message}"
        yield RULE.finding(span, message, misuse.help, steps)
