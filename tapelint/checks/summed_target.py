"""TAP307: `gradient` sums the components of its target where a matrix is clearly wanted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import GradientAsked, Observation
from tapelint.checks.chain import target_sentence
from tapelint.checks.findings import Rule
from tapelint.checks.naming import tape_name
from tapelint.checks.phrasing import code
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Severity, Step

CODE = "TAP307"
RULE = Rule(CODE, "summed-target", Severity.NOTE)
# What the answer is called says what was wanted; of these a product or a diagonal is no matrix.
MATRIX = re.compile(r"jac(obian)?s?(?![a-z])|hess(ian)?s?(?![a-z])", re.IGNORECASE)
NO_MATRIX = re.compile(r"diag|trace|vec|prod|sum|row|norm|jvp|vjp|hvp", re.IGNORECASE)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every sum that is called a Jacobian or Hessian."""
    for span, asked in distinct(observations, GradientAsked, lambda o: bool(name_of(o))):
        steps = []
        if asked.target is not None and asked.target.place is not None:
            place = asked.target.place.span()
            steps.append(Step(place, Role.TARGET, target_sentence(asked)))
        steps.append(Step(span, Role.BREAK, "the components of the target are added up here"))
        name = code(name_of(asked))
        message = f"{name} is a sum: `gradient` adds up the components of its target"
        help = f"ask for {code(f'{tape_name(asked.place)}.jacobian')}"
        yield RULE.finding(span, message, help, tuple(steps), is_likely=True)


def name_of(asked: GradientAsked) -> str:
    """Return what a summed answer is called, empty where nobody takes it for a matrix."""
    for node in asked.summed:
        label = node.label or ""
        if MATRIX.search(label) and not NO_MATRIX.search(label):
            return label
    return ""
