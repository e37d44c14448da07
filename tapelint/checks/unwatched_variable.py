"""TAP106: a variable is a source of a tape that watches nothing by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Cause, Observation
from tapelint.checks.findings import Rule
from tapelint.checks.naming import names_as_code, tape_name
from tapelint.checks.phrasing import LONGEST_ADVICE_CODE, code
from tapelint.checks.verdicts import Group, caused_by, groups
from tapelint.model import Finding

CODE = "TAP106"
RULE = Rule(CODE, "unwatched-variable")
IS_MINE = caused_by(Cause.NOT_AUTO_WATCHED)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every request with variables that nobody watched."""
    for group in groups(observations, IS_MINE):
        yield RULE.lost(
            group,
            why="the tape never watched it",
            tape="this tape watches no variable by itself",
            help=advice(group),
        )


def advice(group: Group) -> str:
    """Write the call of `watch`."""
    watch = f"{tape_name(group.first.asked.place)}.watch({names_as_code(group)})"
    return (
        f"call {code(watch, LONGEST_ADVICE_CODE)} first in the `with`,"
        " or drop `watch_accessed_variables=False`"
    )
