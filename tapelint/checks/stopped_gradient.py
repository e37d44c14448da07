"""TAP209: the only path from source to target goes through `stop_gradient`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Reason
from tapelint.analysis.observations import Observation
from tapelint.checks.findings import Rule
from tapelint.checks.naming import names_as_code, written
from tapelint.checks.phrasing import LONGEST_ADVICE_CODE, callee, code
from tapelint.checks.verdicts import Case, break_place, cut_by, groups
from tapelint.model import Finding

CODE = "TAP209"
RULE = Rule(CODE, "stopped-gradient")
STOPPED = cut_by(Reason.STOP)


def is_mine(case: Case) -> bool:
    """Whether a stop is a mistake rather than a design: it leaves the request nothing.

    Some of `model.trainable_variables` may be kept out on purpose; a source that is asked for by
    its name is wanted.
    """
    if not STOPPED(case):
        return False
    asked = case.asked
    is_named = bool(written(asked).written(case.lost.label))
    return len(asked.lost) == asked.asked or is_named


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every stop that leaves no way back to a source."""
    for group in groups(observations, is_mine, break_place):
        node = group.first.broken.node
        name = code(callee(node.op, node.place))
        sources = code(names_as_code(group), LONGEST_ADVICE_CODE)
        yield RULE.lost(
            group,
            why=f"stopped here by {name}",
            at_break=f"{name} hides where the value came from",
            help=f"take {name} off this branch"
            + ("" if group.first.asked.is_training else f", or do not ask for {sources}"),
        )
