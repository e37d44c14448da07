"""Make a finding out of a group of cases: the sentence, the chain, the advice.

Shared by the checks. A rule's name is that of its module, its severity a default here, so that no
card is read for it; a test compares both with the cards.
"""

from __future__ import annotations

from dataclasses import dataclass

from tapelint.analysis.graph import Kind
from tapelint.analysis.ir import Place
from tapelint.checks import chain
from tapelint.checks.phrasing import DOTTED, code, fitting, request
from tapelint.checks.verdicts import Case, Group
from tapelint.model import Confidence, Finding, Severity, Span, Step

MOST_NAMED = 2


@dataclass(frozen=True, slots=True)
class Rule:
    """What a check says about itself; the card says the rest."""

    code: str
    name: str
    severity: Severity = Severity.ERROR

    def finding(
        self, span: Span, message: str, help: str, steps: tuple[Step, ...], is_likely: bool = False
    ) -> Finding:
        """Return a finding of this rule."""
        confidence = Confidence.LIKELY if is_likely else Confidence.CERTAIN
        return Finding(self.code, self.name, message, span, self.severity, confidence, help, steps)

    def lost(
        self, group: Group, *, why: str, help: str, at_break: str = "", tape: str = ""
    ) -> Finding:
        """Return the finding that a group of sources gets no gradient.

        `why` ends the message, `at_break` is the sentence of the place where the value is lost
        (`why` where it is empty), `tape` that of the place where the tape was made.
        """
        steps = chain.steps(group, at_break or why, tape)
        return self.finding(group.span, headline(group, why), help, steps, group.is_likely)


def headline(group: Group, why: str) -> str:
    """Say what is lost and why, as fully as the length of a message allows."""
    outcome = group.first.outcome.value
    of_target = f" of {code(target)}" if (target := target_name(group)) else ""
    names = source_names(group)
    if len(names) == 1 and names[0]:
        whom = code(names[0])
        return fitting(
            f"the gradient{of_target} with respect to {whom} {outcome}: {why}",
            f"the gradient with respect to {whom} {outcome}: {why}",
            f"the gradient {outcome}: {why}",
        )
    if len(names) == 1:
        return fitting(
            f"the gradient{of_target} {outcome}: {why}", f"the gradient {outcome}: {why}"
        )
    some = ", ".join(code(name) for name in names[:MOST_NAMED] if name)
    if some and len(names) > MOST_NAMED:
        some += ", ..."
    counted = counted_sources(group, len(names))
    return fitting(
        f"the gradient{of_target} {outcome} for {counted} ({some}): {why}" if some else "",
        f"the gradient {outcome} for {counted} ({some}): {why}" if some else "",
        f"the gradient {outcome} for {counted}: {why}",
        f"the gradient {outcome}: {why}",
    )


def counted_sources(group: Group, lost: int) -> str:
    """Return "3 of 8 sources", with the total where there is a single request to count."""
    if len({case.asked.place for case in group.cases}) > 1:
        return f"{lost} sources"
    total = max(case.asked.asked for case in group.cases)
    if lost == total == 2:
        return "both sources"
    return f"all {lost} sources" if lost >= total else f"{lost} of {total} sources"


def source_names(group: Group) -> list[str]:
    """Return the names of the distinct sources of a group; an unnamed one is empty."""
    return list(dict.fromkeys(source_name(case) for case in group.cases))


def source_name(case: Case) -> str:
    """Return what the user calls a source, where the request is made if that is a name."""
    written = request(case.asked.place).source if case.asked.asked == 1 else ""
    return written or case.lost.label or own_text(case)


def own_text(case: Case) -> str:
    """Return the expression of a source that stands in the call itself."""
    source = case.lost.source
    if source.place is None or source.kind is Kind.VARIABLE:
        return ""
    text = " ".join(source.place.text().split())
    return text if text and text in case.asked.place.text() else ""


def target_name(group: Group) -> str:
    """Return the name of the target, empty where the requests of a group have several."""
    names = {name_of_target(case) for case in group.cases}
    return names.pop() if len(names) == 1 else ""


def name_of_target(case: Case) -> str:
    written = request(case.asked.place).target
    return written if DOTTED.fullmatch(written) else case.asked.target_label


def names(group: Group) -> str:
    """Return the sources as advice can use them: `x`, or `[a, b]`."""
    known = [name for name in source_names(group) if name]
    if len(known) > 1:
        return f"[{', '.join(known)}]"
    return known[0] if known else "source"


def tape_name(place: Place) -> str:
    """Return what the user calls the tape of a request."""
    return request(place).tape or "tape"
