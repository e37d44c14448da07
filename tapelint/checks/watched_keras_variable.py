"""TAP111: a Keras variable is given to `tape.watch`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation, RequestMisused
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import argument, called, code
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP111"
RULE = Rule(CODE, "watched-keras-variable")

HELP = (
    "leave out the watch: a trainable variable is watched when it is read; with"
    " `watch_accessed_variables=False` watch the `.value` of each"
)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every watch that raises."""
    for span, found in distinct(
        observations, RequestMisused, lambda o: o.what == "watched keras variable"
    ):
        name = code(argument(found.place.text()) or found.label or "the argument")
        step = Step(span, Role.BREAK, "a tape watches a `tf.Variable` or a tensor alone")
        message = f"{code(called(found.place))} raises: {name} is a Keras variable"
        yield RULE.finding(span, message, HELP, (step,))
