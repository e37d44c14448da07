"""TAP304: a persistent tape is asked for a gradient inside its own `with`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import past
from tapelint.analysis.ir import Place
from tapelint.analysis.observations import GradientAsked, Observation, RequestMisused
from tapelint.checks.findings import Rule
from tapelint.checks.naming import tape_name
from tapelint.checks.phrasing import called, code
from tapelint.checks.verdicts import GRADIENTS, distinct
from tapelint.model import Finding, Role, Severity, Span, Step

CODE = "TAP304"
RULE = Rule(CODE, "gradient-inside-own-tape", Severity.WARNING)
MOST_REQUESTS = 3


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every tape that records its own requests, at the first of them."""
    again = differentiated(observations)
    wanted = needed(observations, again)
    requests: dict[Place | None, list[tuple[Span, RequestMisused]]] = {}
    for span, found in distinct(
        observations,
        RequestMisused,
        lambda o: o.what == "inside own tape" and o.place not in again and o.tape not in wanted,
    ):
        requests.setdefault(found.tape, []).append((span, found))
    for made, ((span, first), *others) in requests.items():
        tape = tape_name(first.place)
        steps = [Step(span, Role.BREAK, f"{code(tape)} still records here")]
        steps += [Step(other, Role.STEP, "and here") for other, _ in others[:MOST_REQUESTS]]
        if made is not None:
            steps.insert(0, Step(made.span(), Role.TAPE, "the tape is persistent"))
        yield RULE.finding(
            span,
            f"{code(called(first.place))} is recorded by its own tape, inside the `with`",
            f"move it behind the `with`, or put it under {code(f'with {tape}.stop_recording():')}",
            tuple(steps),
        )


def needed(observations: Sequence[Observation], again: set[Place]) -> set[Place | None]:
    """Return the tapes some of whose answers are differentiated again: their users know why."""
    return {
        asked.began
        for asked in observations
        if isinstance(asked, GradientAsked) and asked.place in again
    }


def differentiated(observations: Sequence[Observation]) -> set[Place]:
    """Return the requests whose answers are differentiated again: those have to be recorded."""
    return {
        node.place
        for asked in observations
        if isinstance(asked, GradientAsked) and asked.target is not None
        for node in past([asked.target])
        if node.op in GRADIENTS and node.place is not None
    }
