"""From the step that a recorder blames to the rule that speaks of such steps."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tapelint.verify.observed import Asked, Break, Source

# Nothing was recorded, or nothing explains it.
UNEXPLAINED = {"none": "TAP801", "nan": "TAP802", "inf": "TAP802", "zero": "TAP803"}
OF_SOURCES = {
    "unwatched": ("TAP101", "the tape never watched it"),
    "not trainable": ("TAP102", "it is not trainable"),
    "dtype": ("TAP103", "its dtype carries no gradient"),
    "late watch": ("TAP105", "it is watched too late"),
    "not auto-watched": ("TAP106", "the tape watches no variable by itself"),
}
MISSED = {
    "paused": ("TAP210", "the tape is not recording here"),
    "before": ("TAP302", "the tape is not open yet here"),
    "after": ("TAP302", "the tape is closed here"),
    "never entered": ("TAP302", "the tape was never entered"),
    "reset": ("TAP210", "the tape is reset after this"),
}
COMPARES = re.compile(r"^(Greater|Less|Equal|NotEqual|ApproximateEqual|Logical|Sign$)")
SAMPLES = re.compile(r"Random|Multinomial|Stateless|Categorical")
OPAQUE = re.compile(r"PyFunc|NumpyFunction|PyFunction")
# The operations whose gradient is infinite or NaN somewhere, and the rules about them.
SINGULAR = (
    (re.compile(r"^(Sqrt|Rsqrt)"), "TAP503"),
    (re.compile(r"^(Log$|Log1p|Xlogy)"), "TAP506"),
    (re.compile(r"^(RealDiv|Div|Reciprocal|Inv|TruncateDiv)"), "TAP505"),
    (re.compile(r"^Pow$"), "TAP508"),
    (re.compile(r"^(Acos|Asin|Atanh|Acosh)"), "TAP509"),
    (re.compile(r"^(Exp|Expm1)$"), "TAP501"),
    (re.compile(r"^(Softmax|LogSoftmax)$"), "TAP510"),
)


@dataclass(frozen=True, slots=True)
class Cause:
    """A rule, the second half of a message, and the step to blame, None for the source itself."""

    code: str
    why: str
    blamed: Break | None = None


def cause_of(outcome: str, source: Source | None, asked: Asked | None) -> Cause:
    """Say which rule an outcome belongs to, as far as the record of its turn tells."""
    unexplained = Cause(UNEXPLAINED.get(outcome, "TAP801"), "")
    if source is None or asked is None:
        return unexplained
    if outcome in ("nan", "inf"):
        return _not_finite(source) or unexplained
    if outcome == "zero":
        return unexplained
    if source.cause == "unused":
        exits = [b for b in source.exits if b.frames]
        if exits:
            return _of_break(exits[-1])
        return Cause("TAP108", "it never reaches the target")
    if source.cause in OF_SOURCES:
        return Cause(*OF_SOURCES[source.cause])
    breaks = [b for b in source.breaks if b.frames]
    return _of_break(breaks[-1]) if breaks else unexplained


def _of_break(found: Break) -> Cause:
    if found.missed:
        code, why = MISSED.get(found.missed, ("TAP302", "the tape does not record this"))
        return Cause(code, why, found)
    name = found.name
    if found.kind == "plain":
        return Cause("TAP202", _leaving(name), found)
    if found.kind == "state":
        return Cause("TAP204", "cut here by an assignment to a variable", found)
    return Cause(_code_of_operation(found), f"cut here by `{name}`", found)


def _leaving(name: str) -> str:
    if name == "array":
        return "its value leaves TensorFlow here"
    return f"cut here by `{name}`"


def _code_of_operation(found: Break) -> str:
    name = found.name
    if name in ("StopGradient", "PreventGradient"):
        return "TAP209"
    if name == "Cast":
        return "TAP203"
    if COMPARES.search(name):
        return "TAP206"
    if OPAQUE.search(name):
        return "TAP208"
    if name in ("AsString", "StringToNumber", "StringFormat"):
        return "TAP214"
    if SAMPLES.search(name):
        return "TAP213"
    return "TAP205"


def _not_finite(source: Source) -> Cause | None:
    blamed = [b for b in source.culprits if b.frames]
    for found in blamed:
        for pattern, code in SINGULAR:
            if pattern.search(found.name):
                return Cause(code, f"`{found.name}` has no finite one here", found)
    if not blamed:
        return None
    return Cause("TAP802", f"it turns bad at `{blamed[0].name}`", blamed[0])
