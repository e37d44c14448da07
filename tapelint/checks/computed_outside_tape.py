"""TAP302: the target, or what links it to the source, was computed outside the tape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tapelint.analysis.ir import Place
from tapelint.analysis.observations import Cause, Observation
from tapelint.checks import chain
from tapelint.checks.findings import Rule
from tapelint.checks.naming import tape_name
from tapelint.checks.phrasing import called, code, described
from tapelint.checks.verdicts import Case, Group, break_place, cases, groups
from tapelint.model import Finding, Role, Span, Step

CODE = "TAP302"
RULE = Rule(CODE, "computed-outside-tape")


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every computation that belongs into the `with` of a tape."""
    calls = shared_calls([case for case in cases(observations) if is_mine(case)])

    def place(case: Case) -> Place | None:
        call = call_of(case)
        return call if call in calls else break_place(case)

    for group in groups(observations, is_mine, place):
        node = group.first.broken.node
        tape = code(tape_name(group.first.asked.place))
        made = f"{tape} is made here"
        call = call_of(group.first)
        if call is not None and call in calls:
            name = code(called(call))
            yield RULE.lost(
                group,
                why=f"{name} is called outside the tape",
                help=f"call {name} inside the `with` of {tape}",
                steps=at_call(group, f"{name} is called while {tape} is not open", made),
            )
            continue
        name = code(node.label or described(node.op, node.place))
        yield RULE.lost(
            group,
            why=f"{name} is computed outside the tape",
            at_break=f"{name} is computed while {tape} is not open",
            tape=made,
            help=f"compute {name} inside the `with` of {tape}",
        )


def is_mine(case: Case) -> bool:
    """Whether something other than a first derivative was computed outside."""
    return case.broken.cause is Cause.OUTSIDE and not case.is_second_derivative


def shared_calls(found: Sequence[Case]) -> set[Place]:
    """Return the calls that several computations outside a tape belong to: one cause of all."""
    places: dict[Place, set[Span]] = {}
    for case in found:
        call, broken = call_of(case), break_place(case)
        if call is not None and broken is not None:
            places.setdefault(call, set()).add(broken.span())
    return {call for call, spans in places.items() if len(spans) > 1}


def call_of(case: Case) -> Place | None:
    """Return the call, beside the gradient call or above it, in which something was computed."""
    inner, asked = list(case.broken.node.stack), list(case.asked.stack)
    while inner and asked and inner[-1] is asked[-1]:
        inner.pop()
        asked.pop()
    return inner[-1] if inner else None


def at_call(group: Group, sentence: str, tape: str) -> tuple[Step, ...]:
    """Return the chain of a group with its break at the call, and nothing of what happens in it."""
    steps: list[Step] = []
    is_inside = False
    for step in chain.steps(group, sentence, tape):
        if step.role is Role.BREAK:
            step, is_inside = replace(step, span=group.span), True
        elif step.role is Role.STEP and (is_inside or step.span == group.span):
            continue
        else:
            is_inside = False
        steps.append(step)
    return tuple(steps)
