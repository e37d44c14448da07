"""What follows from another finding is told as a step of it: one finding a cause.

A gradient that is None trips up what computes with it; the finding says why it is None already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tapelint.model import Finding, Role, Span, Step

# Rules about what is done with a gradient that is None.
CODES = frozenset({"TAP405", "TAP409"})
# Nothing is wrong by these alone: where no rule minds the None, it is meant.
NEVER_ALONE = frozenset({"TAP409"})


def attached(kept: Sequence[Finding], found: Iterable[Finding]) -> list[Finding]:
    """Return the findings to report: consequences as steps of what they follow from.

    `kept` is what would be reported, `found` all that was found, selected or not.
    """
    told: dict[int, list[Step]] = {}
    mains = [finding for finding in kept if finding.code not in CODES]
    others = [finding for finding in found if finding.code not in CODES]
    alone: list[Finding] = []
    for finding in kept:
        if finding.code not in CODES:
            continue
        asked = {step.span for step in finding.steps if step.role is Role.TAPE}
        main = next((i for i, one in enumerate(mains) if mentions(one, asked)), None)
        if main is not None:
            steps = told.setdefault(main, [])
            steps += [
                Step(step.span, Role.STEP, finding.message)
                for step in finding.steps
                if step.role is Role.BREAK
            ]
        elif finding.code not in NEVER_ALONE or any(mentions(one, asked) for one in others):
            alone.append(finding)
    return [
        *(replace(one, steps=(*one.steps, *told.get(i, ()))) for i, one in enumerate(mains)),
        *alone,
    ]


def mentions(finding: Finding, asked: set[Span]) -> bool:
    """Whether a finding is about one of the requests."""
    return any(step.span in asked for step in finding.steps)
