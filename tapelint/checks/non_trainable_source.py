"""TAP102: a variable made with `trainable=False` is a source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Cause, Observation, RequestMisused
from tapelint.checks.findings import Rule
from tapelint.checks.naming import names_as_code, tape_name
from tapelint.checks.phrasing import LONGEST_ADVICE_CODE, code, request
from tapelint.checks.verdicts import Group, caused_by, distinct, groups
from tapelint.model import Finding, Role, Step

CODE = "TAP102"
RULE = Rule(CODE, "non-trainable-source")
IS_MINE = caused_by(Cause.NOT_TRAINABLE)

THAW = "set `trainable = True` before the tape, or ask for the weights by name"
BUILD = "read `trainable_variables` after the first call, or build the model before: `build(shape)`"
THAW_PART = (
    "set `trainable = True` before the first step, which is when Keras 3 looks, and not at `compile`; "
    "freeze the part alone that is to stay"
)
# Lists of a Keras layer or model that hold statistics beside the weights.
EVERYTHING = (".variables", ".weights", ".non_trainable_variables", ".non_trainable_weights")


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every request with sources that no tape watches by itself."""
    for group in groups(observations, IS_MINE):
        yield RULE.lost(group, why="made as not trainable", help=advice(group))
    for span, found in distinct(observations, RequestMisused, lambda o: o.what == "frozen sources"):
        name = code(request(found.place).sources or "the list of sources")
        step = Step(span, Role.BREAK, f"{name} leaves out what is frozen")
        message = f"no gradient is computed: {name} is empty, the model is frozen"
        yield RULE.finding(span, message, THAW, (step,))
    for span, found in distinct(
        observations, RequestMisused, lambda o: o.what == "unbuilt sources"
    ):
        name = code(request(found.place).sources or "the list of sources")
        step = Step(span, Role.BREAK, f"{name} was read when there were no variables yet")
        message = f"no gradient is computed: {name} was read before the model was built"
        yield RULE.finding(span, message, BUILD, (step,))
    for span, found in distinct(observations, RequestMisused, lambda o: o.what == "frozen model"):
        step = Step(span, Role.BREAK, "no variable of the model is trainable here")
        message = f"{code(found.label)} trains nothing: all of the model is frozen"
        yield RULE.finding(span, message, THAW_PART, (step,))


def advice(group: Group) -> str:
    """Name the list of what is trainable, or the watch."""
    place = group.first.asked.place
    sources = request(place).sources
    for ending in EVERYTHING:
        if sources.endswith(ending):
            trainable = f"{sources.removesuffix(ending)}.trainable_variables"
            return f"ask for {code(trainable, LONGEST_ADVICE_CODE)}"
    watch = f"{tape_name(place)}.watch({names_as_code(group)})"
    return f"drop `trainable=False` to train it, or call {code(watch, LONGEST_ADVICE_CODE)}"
