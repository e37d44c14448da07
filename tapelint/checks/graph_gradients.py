"""TAP701: gradients of graphs are asked for in eager code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation, Outdated
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import called, code
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP701"
RULE = Rule(CODE, "graph-gradients")
HELP = "compute the target under `tf.GradientTape()` and ask `tape.gradient(target, sources)`"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every call that raises for want of a graph."""
    for span, found in distinct(observations, Outdated, lambda o: o.what == "graph gradients"):
        step = Step(span, Role.BREAK, "no graph is built here: the code runs eagerly")
        message = f"{code(called(found.place))} raises: it works in graphs, and this runs eagerly"
        yield RULE.finding(span, message, HELP, (step,))
