"""TAP302: the target, or what links it to the source, was computed outside the tape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Cause, Observation
from tapelint.checks.findings import Rule
from tapelint.checks.naming import tape_name
from tapelint.checks.phrasing import code, described
from tapelint.checks.verdicts import Case, break_place, groups
from tapelint.model import Finding

CODE = "TAP302"
RULE = Rule(CODE, "computed-outside-tape")


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every computation that belongs into the `with` of a tape."""
    for group in groups(observations, is_mine, break_place):
        node = group.first.broken.node
        name = code(node.label or described(node.op, node.place))
        tape = code(tape_name(group.first.asked.place))
        yield RULE.lost(
            group,
            why=f"{name} is computed outside the tape",
            at_break=f"{name} is computed while {tape} is not open",
            tape=f"{tape} is made here",
            help=f"compute {name} inside the `with` of {tape}",
        )


def is_mine(case: Case) -> bool:
    """Whether something other than a first derivative was computed outside."""
    return case.broken.cause is Cause.OUTSIDE and not case.is_second_derivative
