"""TAP210: what the target needs was computed while the tape was not recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.ir import Place
from tapelint.analysis.observations import Cause, Observation
from tapelint.checks.findings import Rule, name_of_target, tape_name
from tapelint.checks.phrasing import callee, code
from tapelint.checks.verdicts import Case, break_place, caused_by, groups
from tapelint.model import Finding

CODE = "TAP210"
RULE = Rule(CODE, "stopped-recording")
IS_MINE = caused_by(Cause.PAUSED, Cause.RESET)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every stop of a tape that loses a gradient."""
    for group in groups(observations, IS_MINE, place_of):
        case = group.first
        tape = tape_name(case.asked.place)
        node = case.broken.node
        name = code(node.label or callee(node.op, node.place))
        if case.broken.cause is Cause.PAUSED:
            yield RULE.lost(
                group,
                why=f"{name} is not recorded",
                at_break=f"{name} is computed under {code(f'{tape}.stop_recording')}",
                help=f"move the computation of {name} out of the `stop_recording` block",
            )
        else:
            target = name_of_target(case) or "the target"
            yield RULE.lost(
                group,
                why="the record was thrown away",
                at_break=f"{name} stands in a record that was thrown away later",
                help=f"compute all that `{target}` needs after the tape starts afresh",
            )


def place_of(case: Case) -> Place | None:
    """Return what is not recorded, or the statement that threw the record away."""
    if case.broken.cause is Cause.RESET and case.asked.began is not case.asked.tape:
        return case.asked.began
    return break_place(case)
