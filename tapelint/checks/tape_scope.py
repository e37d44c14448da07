"""TAP308: the tape is asked in a way or at a place it cannot answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tapelint.analysis.observations import Cause, Observation, TapeMisused
from tapelint.checks.findings import Rule
from tapelint.checks.naming import tape_name
from tapelint.checks.phrasing import called, code
from tapelint.checks.verdicts import caused_by, distinct, groups
from tapelint.model import Finding, Role, Step

CODE = "TAP308"
RULE = Rule(CODE, "tape-scope")
IS_MINE = caused_by(Cause.WRONG_TAPE, Cause.NEVER_ENTERED)

ENTER = "compute the target inside `with tf.GradientTape() as tape:`"


@dataclass(frozen=True, slots=True)
class Misuse:
    """What to say about one kind of misuse: end of the message, step at the tape, advice."""

    what: str
    tape: str
    help: str


MISUSES = {
    "never entered": Misuse(
        "raises: the tape was never entered", "no `with` enters this tape", ENTER
    ),
    "watch before with": Misuse(
        "raises: the tape is not entered yet",
        "this tape is entered later, or never",
        "move the call into the `with` of the tape",
    ),
}
# "no method gradients"
NO_METHOD = Misuse(
    "raises: a tape has no such method",
    "the tape is made here",
    "a tape answers `gradient`, `jacobian` and `batch_jacobian`",
)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every call that a tape cannot answer."""
    yield from raising(observations)
    for group in groups(observations, IS_MINE):
        tape = code(tape_name(group.first.asked.place))
        yield RULE.lost(
            group,
            why=f"{tape} did not record it",
            tape=f"{tape} is made here",
            help="ask the tape whose `with` holds the computation",
        )


def raising(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every misuse that raises."""
    for span, found in distinct(observations, TapeMisused):
        misuse = MISUSES.get(found.what, NO_METHOD)
        steps = [Step(span, Role.BREAK, "this call raises")]
        if found.tape is not None:
            steps.insert(0, Step(found.tape.span(), Role.TAPE, misuse.tape))
        message = f"{code(called(found.place))} {misuse.what}"
        yield RULE.finding(span, message, misuse.help, tuple(steps))
