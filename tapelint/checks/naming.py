"""What the user calls the tape, the target and the sources of a request.

Shared by the checks. A name in the call itself comes first: a helper's parameter, not the name
that the value had at the caller.
"""

from __future__ import annotations

from collections.abc import Hashable

from tapelint.analysis.graph import Kind
from tapelint.analysis.ir import Place
from tapelint.analysis.observations import GradientAsked
from tapelint.checks.phrasing import DOTTED, Request, request
from tapelint.checks.verdicts import Case, Group


def tape_name(place: Place) -> str:
    """Return what the user calls the tape of a request."""
    return request(place).tape or "tape"


def written(asked: GradientAsked) -> Request:
    """Return the parts of a request as the program wrote them: none of one that Keras makes."""
    return Request() if asked.is_training else request(asked.place)


def target_name(asked: GradientAsked) -> str:
    """Return what the user calls the target of a request, empty where it has no name."""
    text = written(asked).target
    return text if DOTTED.fullmatch(text) else asked.target_label


def target_of(group: Group) -> str:
    """Return the name of the target, empty where the requests of a group have several."""
    names = {target_name(case.asked) for case in group.cases}
    return names.pop() if len(names) == 1 else ""


def source_name(case: Case) -> str:
    """Return what the user calls a source, empty where it has no name."""
    parts = written(case.asked)
    if case.asked.asked == 1 and len(parts.names) == 1:
        return parts.names[0]
    label = case.lost.label
    return parts.written(label) or label or own_text(case)


def own_text(case: Case) -> str:
    """Return the expression of a source that stands in the call itself."""
    source = case.lost.source
    if source.place is None or source.kind is Kind.VARIABLE:
        return ""
    text = " ".join(source.place.text().split())
    return text if text and text in case.asked.place.text() else ""


def source_names(group: Group) -> list[str]:
    """Return the name of each distinct source of a group, empty names included.

    A loop or a second caller may lose the same source again: it is told by its name and place,
    and a request for a single source has only that one. Names that do not tell sources apart (the
    variable of a loop) give way to that of their list.
    """
    names: dict[Hashable, str] = {}
    only: dict[Place, Place | None] = {}
    for case in group.cases:
        name = source_name(case)
        place = case.lost.source.place
        if case.asked.asked == 1:
            place = only.setdefault(case.asked.place, place)
        names.setdefault((name, place.span() if place is not None else None), name)
    found = list(names.values())
    if len(set(found)) == len(found):
        return found
    return ["" for _ in found]


def names_as_code(group: Group) -> str:
    """Return the sources as code that advice can be given with: `x`, or `[a, b]`.

    Where they have no names that Python knows (`dense/kernel` is Keras's), all that the request
    asks for stands for them.
    """
    names = source_names(group)
    if all(DOTTED.fullmatch(name) for name in names):
        return f"[{', '.join(names)}]" if len(names) > 1 else names[0]
    text = written(group.first.asked).sources
    return text or ("sources" if len(names) > 1 else names[0] or "the source")


def counted_sources(group: Group) -> str:
    """Return "3 of 8 sources", with the total where there is a single request to count."""
    lost = len(source_names(group))
    if len({case.asked.place for case in group.cases}) > 1:
        return f"{lost} sources"
    total = max(case.asked.asked for case in group.cases)
    if lost == total == 2:
        return "both sources"
    return f"all {lost} sources" if lost >= total else f"{lost} of {total} sources"
