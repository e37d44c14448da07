"""TAP210: what the target needs was computed while the tape was not recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tapelint.analysis.ir import Place
from tapelint.analysis.observations import Cause, Observation
from tapelint.checks import chain
from tapelint.checks.findings import Rule
from tapelint.checks.naming import tape_name, target_name
from tapelint.checks.phrasing import called, code, described
from tapelint.checks.verdicts import Case, Group, break_place, caused_by, groups
from tapelint.model import Finding, Role, Step

CODE = "TAP210"
RULE = Rule(CODE, "stopped-recording")
IS_MINE = caused_by(Cause.PAUSED, Cause.RESET)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every stop of a tape that loses a gradient."""
    for group in groups(observations, IS_MINE, place_of):
        case = group.first
        tape, name = tape_name(case.asked.place), what(case)
        if case.broken.cause is Cause.PAUSED:
            yield RULE.lost(
                group,
                why=f"{name} is not recorded",
                at_break=f"{name} is computed under {code(f'{tape}.stop_recording')}",
                help=f"move the computation of {name} out of the `stop_recording` block",
            )
        else:
            target = target_name(case.asked) or "the target"
            yield RULE.lost(
                group,
                why="its record was thrown away",
                steps=(*steps(group, name),),
                help=f"compute all that {code(target)} needs after the record starts afresh",
            )


def what(case: Case) -> str:
    """Name the computation that is not on the tape."""
    node = case.broken.node
    return code(node.label or described(node.op, node.place))


def place_of(case: Case) -> Place | None:
    """Return what is not recorded, or the call that threw the record away."""
    return reset_of(case) or break_place(case)


def reset_of(case: Case) -> Place | None:
    """Return the call of `reset`; a tape that is entered again after a request has none."""
    asked = case.asked
    is_reset = case.broken.cause is Cause.RESET and asked.began is not asked.tape
    return asked.began if is_reset else None


def steps(group: Group, name: str) -> Iterator[Step]:
    """Yield the chain with the reset behind what it throws away."""
    reset = reset_of(group.first)
    if reset is None:
        yield from chain.steps(group, f"{name} stands in an earlier record of the tape")
        return
    for step in chain.steps(group, f"{name} is recorded"):
        yield replace(step, role=Role.STEP) if step.role is Role.BREAK else step
        if step.role is Role.BREAK:
            yield Step(reset.span(), Role.BREAK, f"{code(called(reset))} throws the record away")
