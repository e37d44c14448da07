"""TAP603: a custom gradient returns None, or ignores the gradient that comes in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Reason
from tapelint.analysis.observations import CustomGradientMisused, Observation
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import code
from tapelint.checks.verdicts import break_place, cut_by, distinct, groups
from tapelint.model import Finding, Role, Step

CODE = "TAP603"
RULE = Rule(CODE, "custom-gradient-none")
IS_MINE = cut_by(Reason.CUSTOM)
HELP = "return the incoming gradient times the derivative; return None only for arguments never asked for"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every source that gets None so, then for functions that nobody asked."""
    told = set()
    for group in groups(observations, IS_MINE, break_place):
        told.add(group.span)
        name = code(group.first.broken.node.op)
        yield RULE.lost(
            group,
            why=f"the custom gradient of {name} gives None for it",
            at_break=f"{name} gives no gradient for it",
            help=HELP,
        )
    for span, found in distinct(
        observations, CustomGradientMisused, lambda o: o.what in ("none", "upstream")
    ):
        if span in told:
            continue
        name = code(found.name)
        is_none = found.what == "none"
        what = "is None on this path" if is_none else "ignores the gradient that comes in"
        message = f"the custom gradient of {name} {what}"
        step = "the gradient ends here" if is_none else "what comes in is not used"
        yield RULE.finding(span, message, HELP, (Step(span, Role.BREAK, step),), is_likely=True)
