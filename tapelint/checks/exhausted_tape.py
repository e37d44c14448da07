"""TAP301: a tape that is not persistent is asked for a second set of gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation, TapeExhausted
from tapelint.checks.findings import Rule
from tapelint.checks.naming import tape_name
from tapelint.checks.phrasing import LONGEST_ADVICE_CODE, Request, code, request
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Span, Step

CODE = "TAP301"
RULE = Rule(CODE, "exhausted-tape")

PERSISTENT = "make the tape persistent: `tf.GradientTape(persistent=True)`"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every request that raises because of an earlier one."""
    for span, found in distinct(observations, TapeExhausted):
        tape = code(tape_name(found.place))
        when = "asked again in the next turn" if found.is_same_call else "asked a second time"
        yield RULE.finding(
            span,
            f"{tape} is not persistent and {when}, which raises",
            advice(found),
            tuple(steps(found, span)),
        )


def steps(found: TapeExhausted, span: Span) -> Iterator[Step]:
    """Yield where the tape was made and asked."""
    yield Step(found.tape.span(), Role.TAPE, "the tape is not persistent")
    if not found.is_same_call:
        yield Step(found.first.span(), Role.STEP, "this request uses the tape up")
    yield Step(span, Role.BREAK, "this request raises a RuntimeError")


def advice(found: TapeExhausted) -> str:
    """Offer one request for all sources where the target is the same, else a persistent tape."""
    first, second = request(found.first), request(found.place)
    if found.is_same_call:
        return f"{PERSISTENT}, or ask once, before the loop"
    together = combined(first, second) if found.method == "gradient" else ""
    if together:
        return f"ask once: {code(together, LONGEST_ADVICE_CODE)}, or {PERSISTENT}"
    return f"{PERSISTENT}, or use one tape for each target"


def combined(first: Request, second: Request) -> str:
    """Return the one request that does for both, empty where there is none."""
    if not first.target or first.target != second.target or first.tape != second.tape:
        return ""
    if not first.sources or not second.sources or first.sources == second.sources:
        return ""
    return f"{first.tape}.gradient({first.target}, [{first.sources}, {second.sources}])"
