"""One finding on its way to a verdict: the runs it had, and the evidence of the best of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tapelint.model import Evidence, Finding, Verdict
from tapelint.verify.claims import Claim, Expected
from tapelint.verify.installation import Installation
from tapelint.verify.judgement import Judgement
from tapelint.verify.observed import Run
from tapelint.verify.request import Request, Way

WAYS = {
    Way.SCRIPT: "the script",
    Way.REPLAY: "the function around it, with invented arguments",
    Way.SLICE: "the statements that lead to it, with invented inputs",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A judgement, and what it was formed from."""

    request: Request
    run: Run
    judgement: Judgement


@dataclass(slots=True)
class Case:
    """One finding on its way to a verdict."""

    finding: Finding
    claim: Claim
    answers: list[Answer] = field(default_factory=list)

    def add(self, answer: Answer) -> None:
        """Add what another way gave.

        What the program itself has shown is not refuted by parts of it: they leave out the loop, or
        the branch, that did it.
        """
        judgement = answer.judgement
        if judgement.verdict is Verdict.REFUTED and any(
            seen.gave == "None" for a in self.answers for seen in a.judgement.seen
        ):
            reason = f"{judgement.reason}, and None in a run of more of the program"
            judgement = replace(judgement, verdict=Verdict.INCONCLUSIVE, reason=reason)
            answer = replace(answer, judgement=judgement)
        self.answers.append(answer)

    @property
    def best(self) -> Answer | None:
        """The answer that says most."""
        return min(self.answers, key=_worth, default=None)

    @property
    def is_settled(self) -> bool:
        """Whether nothing more need be run."""
        if self.claim.expected is Expected.NOTHING:
            return True
        return any(a.judgement.verdict is not Verdict.INCONCLUSIVE for a in self.answers)

    @property
    def was_reached(self) -> bool:
        """Whether some run came to the gradient call."""
        return any(a.judgement.was_reached for a in self.answers)

    @property
    def is_worth_more(self) -> bool:
        """Whether every run that came to the gradient call invented too much.

        Something raised there, or code that was not run leaves the answer open.
        """
        return all(
            (a.run.raised and a.request.way is not Way.SCRIPT) or a.judgement.is_open
            for a in self.answers
            if a.judgement.was_reached
        )


def evidence(case: Case, installation: Installation) -> Evidence:
    """Return the evidence of a finding: of all that was run, what says most."""
    if not case.answers:
        reason = "no single run decides what this rule is about"
        return Evidence(Verdict.INCONCLUSIVE, reason, tensorflow=installation.tensorflow)
    best = case.best
    assert best is not None
    return Evidence(
        best.judgement.verdict,
        best.judgement.reason,
        best.judgement.seen,
        how=WAYS[best.request.way],
        assumptions=best.run.notes[: best.judgement.assumed],
        mode=best.request.mode.value,
        tensorflow=installation.tensorflow,
        keras=installation.keras,
        python=installation.python,
        sandbox=best.run.sandbox,
        seed=best.request.seed,
        modes=best.judgement.modes,
        seconds=round(sum(a.run.seconds for a in case.answers), 2),
    )


def _worth(answer: Answer) -> tuple[bool, bool]:
    judgement = answer.judgement
    return (judgement.verdict is Verdict.INCONCLUSIVE, not judgement.was_reached)
