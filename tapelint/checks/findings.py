"""Make a finding out of a group of cases: the sentence, the chain, the advice.

Shared by the checks. A rule's name is that of its module, its severity a default here, so that no
card is read for it; a test compares both with the cards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tapelint.analysis.graph import Node, Reason
from tapelint.analysis.observations import IdleTerm, Observation, UpdateMisused
from tapelint.checks import chain
from tapelint.checks.naming import counted_sources, source_names, target_of, written
from tapelint.checks.phrasing import code, fitting
from tapelint.checks.verdicts import Group, Outcome, distinct
from tapelint.model import Confidence, Finding, Role, Severity, Span, Step

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
        self,
        group: Group,
        *,
        why: str,
        help: str,
        at_break: str = "",
        tape: str = "",
        steps: tuple[Step, ...] = (),
    ) -> Finding:
        """Return the finding that a group of sources gets no gradient.

        `why` ends the message, `at_break` is the sentence of the place where the value is lost
        (`why` where it is empty), `tape` that of the place where the tape was made. `steps` is
        the whole chain, for a rule that tells another one than `chain.steps`.
        """
        steps = steps or chain.steps(group, at_break or why, tape)
        return self.finding(group.span, headline(group, why), help, steps, group.is_likely)


def idle_terms(
    rule: Rule,
    observations: Sequence[Observation],
    reason: Reason,
    name: Callable[[Node], str],
    help: Callable[[Node], str],
) -> Iterator[Finding]:
    """Yield a finding for every operation that makes a number of a term of the loss.

    `name` says what does so, as the user spelled it.
    """
    for span, found in distinct(observations, IdleTerm, lambda o: o.edge.reason is reason):
        made = code(name(found.node))
        message = fitting(
            f"{made} makes a number of a term of the loss, which then has no effect on the gradient",
            f"{made} makes a number of a term of the loss: it has no effect",
            "a term of the loss is a number to the tape, and has no effect",
        )
        source = found.edge.parent
        steps = [Step(span, Role.BREAK, f"{made} leaves TensorFlow")]
        if source.place is not None:
            label = code(source.label) if source.label else "this"
            steps.insert(0, Step(source.place.span(), Role.SOURCE, f"{label} is made here"))
        steps.append(Step(found.asked.span(), Role.TAPE, "the gradient is asked for here"))
        yield rule.finding(span, message, help(found.node), tuple(steps), is_likely=True)


def asked_steps(
    found: UpdateMisused, sentence: str = "the gradients come from here"
) -> Iterator[Step]:
    """Yield where the gradients of an update were asked for."""
    spans = dict.fromkeys(place.span() for place in found.asked)
    for span in list(spans)[:MOST_NAMED]:
        yield Step(span, Role.TAPE, sentence)


def headline(group: Group, why: str) -> str:
    """Say what is lost and why, as fully as the length of a message allows."""
    if group.first.asked.is_training:
        return training_headline(group, why)
    outcome = group.first.outcome.value
    of_target = f" of {code(target)}" if (target := target_of(group)) else ""
    names = source_names(group)
    known = [code(name) for name in names if name]
    if len(names) == 1:
        whom = f" with respect to {known[0]}" if known else ""
        return fitting(
            f"the gradient{of_target}{whom} {outcome}: {why}",
            f"the gradient{whom} {outcome}: {why}",
            f"the gradient{of_target} {outcome}: {why}",
            f"the gradient {outcome}: {why}",
        )
    counted = counted_sources(group)
    some = ", ".join(known[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")
    listed = written(group.first.asked).names
    some = f" ({some})" if known else f" in {code(listed[0])}" if len(listed) == 1 else ""
    return fitting(
        f"the gradient{of_target} {outcome} for {counted}{some}: {why}",
        f"the gradient {outcome} for {counted}{some}: {why}",
        f"the gradient{of_target} {outcome} for {counted}: {why}",
        f"the gradient {outcome} for {counted}: {why}",
        f"the gradient {outcome}: {why}",
    )


def training_headline(group: Group, why: str) -> str:
    """Say what `fit` or one of its kin gets in place of gradients, and why."""
    asked, outcome = group.first.asked, group.first.outcome
    name = code(asked.method)
    if outcome is Outcome.RAISES:
        return fitting(f"{name} raises in its graph: {why}", f"{name} raises: {why}")
    what = "no gradient" if outcome is Outcome.NONE else "only zeros"
    names = source_names(group)
    lost = len({case.lost.source for case in group.cases if case.asked is asked})
    if lost == asked.asked:
        return f"{name} gets {what} for any variable: {why}"
    if len(names) == 1 and names[0]:
        return fitting(
            f"{name} gets {what} for {code(names[0])}: {why}", f"{name} gets {what}: {why}"
        )
    return fitting(
        f"{name} gets {what} for {lost} of {asked.asked} variables: {why}",
        f"{name} gets {what}: {why}",
    )
