"""TAP214: a number passes through a string between source and target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Reason
from tapelint.analysis.observations import Observation
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import callee, code
from tapelint.checks.verdicts import break_place, cut_by, groups
from tapelint.model import Finding

CODE = "TAP214"
RULE = Rule(CODE, "string-op")
IS_MINE = cut_by(Reason.STRING)

HELP = "keep the number, and format or serialise it after the gradient is taken"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every string that ends a gradient."""
    for group in groups(observations, IS_MINE, break_place):
        node = group.first.broken.node
        name = code(callee(node.op, node.place))
        yield RULE.lost(
            group,
            why=f"cut here by {name}",
            at_break=f"{name} makes a string of the number",
            help=HELP,
        )
