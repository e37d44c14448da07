"""TAP215: an operation that is flat whatever it is given stands between source and target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Reason
from tapelint.analysis.observations import Observation
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import callee, code
from tapelint.checks.verdicts import GRADIENTS, Case, break_place, cut_by, groups
from tapelint.model import Finding

CODE = "TAP215"
RULE = Rule(CODE, "flat-operation")
IS_MINE = cut_by(Reason.FLAT)

SMOOTH = "use a smooth activation where a second derivative is wanted: `tanh`, `softplus`, `gelu`"
HELP = {
    "softmax": "use `sigmoid` for one unit, or `softmax` over two",
    "Softmax": "use `sigmoid` for one unit, or `softmax` over two",
    "log_softmax": "use `tf.math.log_sigmoid` for one unit, or `log_softmax` over two",
    "LayerNormalization": "normalise before the last layer, over more than one unit",
}


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every operation whose derivative is nothing but zeros."""
    for group in groups(observations, IS_MINE, break_place):
        case = group.first
        if is_slope(case):
            assert case.broken.edge is not None
            name = code(case.broken.edge.argument)
            yield RULE.lost(
                group,
                why=f"{name} is made of straight pieces",
                at_break=f"the slope of {name} is the same on each piece: its derivative is zero",
                help=SMOOTH,
            )
        else:
            node = case.broken.node
            name = code(callee(node.op, node.place))
            yield RULE.lost(
                group,
                why=f"{name} is over one element",
                at_break=f"{name} over one element gives the same whatever that is",
                help=HELP.get(node.op.rpartition(".")[2], SMOOTH),
            )


def is_slope(case: Case) -> bool:
    """Whether it is a derivative of a derivative that is asked for."""
    return case.broken.node.op in GRADIENTS
