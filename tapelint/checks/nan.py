"""What the rules about NaN share: one finding an operation, with the bad number and where it comes from.

The evidence that the bad number is reached is the analysis's; see `tapelint.analysis.ranges`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Node
from tapelint.analysis.observations import NanReachable, Observation, Singularity
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import code, fitting
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Span, Step

MOST_SOURCES = 3


def findings(
    observations: Sequence[Observation], what: Singularity, rule: Rule, why: str, help: str
) -> Iterator[Finding]:
    """Yield a finding for every operation whose gradient may be NaN in this way.

    `why` says at which numbers, after "is NaN".
    """
    for span, found in distinct(observations, NanReachable, lambda o: o.what is what):
        text = " ".join(found.place.text().split())
        message = fitting(
            f"the gradient of {code(text)} is NaN {why}", f"the gradient is NaN {why}"
        )
        steps = (*sources(found.sources), Step(span, Role.BREAK, f"this is NaN {why}"))
        yield rule.finding(span, message, help, steps, is_likely=True)


def sources(nodes: Sequence[Node]) -> Iterator[Step]:
    """Yield where the first few sources come from."""
    told: set[Span] = set()
    for node in nodes:
        if node.place is None or len(told) == MOST_SOURCES:
            continue
        span = node.place.span()
        if span not in told:
            told.add(span)
            name = code(node.label) if node.label else "this"
            yield Step(span, Role.SOURCE, f"the gradient with respect to {name} is asked for")
