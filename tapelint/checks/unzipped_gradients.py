"""TAP403: `apply_gradients` is given gradients alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Misuse, Observation, UpdateMisused
from tapelint.checks.findings import Rule, asked_steps
from tapelint.checks.phrasing import LONGEST_ADVICE_CODE, argument, called, code
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP403"
RULE = Rule(CODE, "unzipped-gradients")
WHAT = (Misuse.UNZIPPED, Misuse.ONE_PAIR, Misuse.COLUMNS)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every update that is not told which variables to change."""
    for span, found in distinct(observations, UpdateMisused, lambda o: o.what in WHAT):
        text, name = found.place.text(), called(found.place)
        gradients = argument(text) or "gradients"
        variables = argument(text, 1) or "variables"
        pairs = f"{name}(zip({gradients}, {variables}))"
        what = "gradients without their variables"
        if found.what is Misuse.ONE_PAIR:
            pairs, what = f"{name}([{gradients}])", "one pair and not a list of pairs"
        elif found.what is Misuse.COLUMNS:
            pairs, what = (
                f"{name}({zipped(argument(text))})",
                "a pair of lists and not a list of pairs",
            )
        steps = (*asked_steps(found), Step(span, Role.BREAK, "a list of pairs is wanted here"))
        yield RULE.finding(
            span,
            f"{code(name)} is given {what}, which raises",
            f"pair them: {code(pairs, LONGEST_ADVICE_CODE)}",
            steps,
        )


def zipped(lists: str) -> str:
    """Return `zip(gradients, variables)` for the text of what holds the two lists."""
    if not lists:
        return "zip(gradients, variables)"
    match ast.parse(lists, mode="eval").body:
        case ast.List(elts=[gradients, variables]) | ast.Tuple(elts=[gradients, variables]):
            return f"zip({ast.unparse(gradients)}, {ast.unparse(variables)})"
        case _:
            return f"zip(*{lists})"
