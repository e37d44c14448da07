"""TAP409: a filter for None hides a variable that can never get a gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.ir import Place
from tapelint.analysis.observations import GradientAsked, Misuse, Observation, UpdateMisused
from tapelint.checks.findings import Rule, asked_steps
from tapelint.checks.phrasing import code
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP409"
RULE = Rule(CODE, "filtered-none")
HELP = (
    "mend what makes the gradient None, or take the variable out of the list; then drop the filter"
)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every filter that always leaves the same gradient out."""
    excused = at_times(observations) | left_out(observations)
    for span, found in distinct(
        observations,
        UpdateMisused,
        lambda o: o.what is Misuse.NONE_FILTERED and not excused.intersection(o.asked),
    ):
        test = code(" ".join(found.place.text().split()))
        step = Step(span, Role.BREAK, "this leaves the gradient out each time")
        steps = (*asked_steps(found, "one of these gradients is None each time"), step)
        yield RULE.finding(span, f"{test} hides a gradient that is always None", HELP, steps)


def at_times(observations: Sequence[Observation]) -> set[Place]:
    """Return the requests that lost another source in one turn than in the next."""
    lost: dict[Place, set[frozenset[object]]] = {}
    for asked in observations:
        if isinstance(asked, GradientAsked):
            sources = frozenset(one.source for one in asked.lost)
            lost.setdefault(asked.place, set()).add(sources)
    return {place for place, kinds in lost.items() if len(kinds) > 1}


def left_out(observations: Sequence[Observation]) -> set[Place]:
    """Return the requests that lost nothing but what a known condition leaves out."""
    asked = [o for o in observations if isinstance(o, GradientAsked) and o.lost]
    return {o.place for o in asked if all(one.left_out for one in o.lost)}
