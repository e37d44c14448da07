"""TAP105: `tape.watch` runs after the computation it was to record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Cause, Observation
from tapelint.checks.findings import Rule
from tapelint.checks.naming import names_as_code, tape_name
from tapelint.checks.phrasing import LONGEST_ADVICE_CODE, code
from tapelint.checks.verdicts import Group, caused_by, groups
from tapelint.model import Finding

CODE = "TAP105"
RULE = Rule(CODE, "late-watch")
IS_MINE = caused_by(Cause.LATE_WATCH)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every request with sources that were watched too late."""
    for group in groups(observations, IS_MINE):
        yield RULE.lost(group, why="it is watched too late", help=advice(group))


def advice(group: Group) -> str:
    """Say where the watch belongs."""
    watch = f"{tape_name(group.first.asked.place)}.watch({names_as_code(group)})"
    return f"move {code(watch, LONGEST_ADVICE_CODE)} to the top of the `with`"
