"""TAP206: a comparison or step between source and target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Reason
from tapelint.analysis.observations import Observation
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import code
from tapelint.checks.verdicts import break_place, cut_by, groups
from tapelint.model import Finding

CODE = "TAP206"
RULE = Rule(CODE, "hard-threshold")
IS_MINE = cut_by(Reason.THRESHOLD)

HELP = "use the value itself, or a smooth step: `tf.sigmoid(k * (x - threshold))`"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every comparison that ends a gradient."""
    for group in groups(observations, IS_MINE, break_place):
        node = group.first.broken.node
        name = code(node.place.text() if node.place is not None else node.op)
        yield RULE.lost(
            group,
            why=f"{name} is a hard step",
            at_break=f"{name} gives a bool, which knows nothing of how far it was",
            help=HELP,
        )
