"""TAP101: a tensor that the tape never watched is a source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Kind
from tapelint.analysis.observations import Cause, Observation
from tapelint.checks.findings import Rule
from tapelint.checks.naming import names_as_code, tape_name
from tapelint.checks.phrasing import LONGEST_ADVICE_CODE, code, shortened
from tapelint.checks.verdicts import Group, caused_by, groups
from tapelint.model import Finding

CODE = "TAP101"
RULE = Rule(CODE, "unwatched-tensor")
IS_MINE = caused_by(Cause.UNWATCHED)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every request with sources that are on no tape."""
    for group in groups(observations, IS_MINE):
        yield RULE.lost(group, why=reason(group), help=advice(group))


def reason(group: Group) -> str:
    """Say why the tape does not know the source."""
    match group.first.lost.source.kind:
        case Kind.ARRAY:
            return "no tape holds a NumPy array"
        case Kind.PYTHON:
            return "no tape holds a Python value"
        case _:
            return "the tape never watched it"


def advice(group: Group) -> str:
    """Write the call of `watch`."""
    sources = names_as_code(group)
    if group.first.lost.source.kind in (Kind.ARRAY, Kind.PYTHON):
        return "make a tensor of it before the tape (`tf.convert_to_tensor`), and watch that"
    watch = f"{shortened(tape_name(group.first.asked.place), 20)}.watch({sources})"
    made = "make them variables" if sources.startswith("[") else f"make {code(sources)} a"
    made += ": `tf.Variable`" if sources.startswith("[") else " `tf.Variable`"
    return f"call {code(watch, LONGEST_ADVICE_CODE)} first in the `with`, or {made}"
