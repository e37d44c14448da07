"""TAP303: a second derivative is asked of a first one that no open tape recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Node
from tapelint.analysis.observations import Observation
from tapelint.checks.findings import Rule
from tapelint.checks.naming import tape_name
from tapelint.checks.phrasing import called, code
from tapelint.checks.verdicts import GRADIENTS, Case, after, groups
from tapelint.model import Finding

CODE = "TAP303"
RULE = Rule(CODE, "lost-higher-order")


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every request whose first derivative is not on its tape."""
    for group in groups(observations, is_mine):
        case = group.first
        inner = first_derivative(case)
        tape = code(tape_name(case.asked.place))
        name = code(inner.label or "the first gradient")
        call = code(called(inner.place)) if inner.place is not None else "the inner `gradient`"
        yield RULE.lost(
            group,
            why=f"{name} is not on this tape",
            at_break=f"{call} runs while {tape} is not open",
            help=f"move {call} into the `with` of {tape}",
        )


def is_mine(case: Case) -> bool:
    """Whether the lost link is a first derivative."""
    return case.is_second_derivative


def first_derivative(case: Case) -> Node:
    """Return the gradient that was taken while the tape was not open."""
    for node in after(case.lost.way, case.broken.node):
        if node.op in GRADIENTS:
            return node
    return case.broken.node
