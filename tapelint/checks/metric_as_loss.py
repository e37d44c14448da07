"""TAP212: a metric between source and target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Reason
from tapelint.analysis.observations import Observation
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import called, code
from tapelint.checks.verdicts import break_place, cut_by, groups
from tapelint.model import Finding

CODE = "TAP212"
RULE = Rule(CODE, "metric-as-loss")
IS_MINE = cut_by(Reason.METRIC)

HELP = "compute the loss with `keras.losses`, and feed the metric beside it"
ACCURACY = "train on a cross-entropy of `keras.losses`; an accuracy counts, which is flat"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every metric that ends a gradient."""
    for group in groups(observations, IS_MINE, break_place):
        node = group.first.broken.node
        # Of a metric that was compiled in as the loss, the only call is that of `fit`.
        place = node.place if node.place is not group.first.asked.place else None
        name = code(node.op.removesuffix(".result") if place is None else called(place))
        yield RULE.lost(
            group,
            why=f"{name} is a metric",
            at_break=f"{name} answers from state or counts: no gradient goes through it",
            help=ACCURACY if "accuracy" in node.op.lower() else HELP,
        )
