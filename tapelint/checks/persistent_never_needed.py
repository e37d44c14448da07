"""TAP305: a persistent tape is asked once, or is kept in a loop after its last request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tapelint.analysis.observations import Observation, RequestMisused
from tapelint.checks.findings import Rule
from tapelint.checks.naming import tape_name
from tapelint.checks.phrasing import code
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Severity, Step

CODE = "TAP305"
RULE = Rule(CODE, "persistent-never-needed", Severity.NOTE)


@dataclass(frozen=True, slots=True)
class Waste:
    """What to say about one kind of waste: the message, the step of the request, advice."""

    message: str
    step: str
    help: str


WASTES = {
    "asked once": Waste(
        "{} is persistent and asked once", "the only request", "leave out `persistent=True`"
    ),
    "kept in a loop": Waste(
        "{} is persistent and kept beyond its last request, into the next turn",
        "the last request",
        "write `del {}` behind the last request",
    ),
}


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every tape that keeps more than is asked of it."""
    for span, found in distinct(observations, RequestMisused, lambda o: o.what in WASTES):
        waste = WASTES[found.what]
        assert found.tape is not None
        name = tape_name(found.tape)
        steps = (
            Step(span, Role.BREAK, "this tape keeps all intermediate values"),
            Step(found.tape.span(), Role.TAPE, waste.step),
        )
        help = waste.help.format(name)
        yield RULE.finding(span, waste.message.format(code(name)), help, steps)
