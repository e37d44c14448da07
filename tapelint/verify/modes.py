"""Compare what a gradient call gives in other modes, and what it gives a second time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tapelint.model import ModeAnswer, Verdict
from tapelint.verify.cases import Answer
from tapelint.verify.claims import Claim
from tapelint.verify.judgement import OUTCOMES, Judgement, ending, name_of
from tapelint.verify.observed import Asked, InMode, Run, Source
from tapelint.verify.request import Mode
from tapelint.verify.verdict import MATCHING, Judge

WORDS = {"eager": "eager", "graph": "in a graph", "xla": "under XLA"}


def by_mode(
    judgement: Judgement, claim: Claim, run: Run, judge: Judge, modes: Sequence[Mode]
) -> Judgement:
    """Add what other modes gave; where they disagree about what is claimed, that is the verdict."""
    compared = [
        (asked, source)
        for asked in judge.asked_for(claim, run)
        if asked.modes and _is_about(claim, asked, judge)
        for source in judge.relevant(claim, asked)
        if source.outcome != "none"
    ]
    if not compared:
        return judgement
    asked, source = next((c for c in compared if _differs(*c)), compared[0])
    shown = tuple(_shown(asked, source, mode.value) for mode in modes)
    judgement = replace(judgement, modes=shown)
    matching = MATCHING.get(claim.expected)
    outcomes = {source.outcome, *(outcome for _, outcome, _ in _answers(asked, source))}
    if matching is None or not (outcomes & matching and outcomes - matching):
        return judgement
    if judgement.verdict is Verdict.REFUTED or source.replaced:
        return judgement
    parts = [f"{gave} {WORDS[mode]}" for mode, gave in _told(asked, source)]
    reason = f"for `{name_of(claim, source)}` comes out {', '.join(parts)}"
    return replace(judgement, verdict=Verdict.DIFFERS, reason=reason)


def repeated(answer: Answer, claim: Claim, second: Run, judge: Judge) -> Answer:
    """Leave a claim open where the same run gave another verdict the second time."""
    first, again = judge.judge(claim, answer.run), judge.judge(claim, second)
    if again.verdict is first.verdict:
        return answer
    if not again.was_reached:
        reason = f"{first.reason}, and a second time {ending(second)}"
    else:
        reason = f"flaky: {first.reason}, and a second time {again.reason}"
    judgement = replace(answer.judgement, verdict=Verdict.INCONCLUSIVE, reason=reason)
    return replace(answer, judgement=judgement)


def _is_about(claim: Claim, asked: Asked, judge: Judge) -> bool:
    """Tell whether the computation of a request passes the place that a finding blames."""
    if not claim.needs_place:
        return True
    lines = {line for mode in asked.modes for line in mode.lines}
    return any(judge.is_at(line, claim.breaks) for line in lines) or any(
        judge.first_match(claim, source) for source in asked.sources
    )


def _answers(asked: Asked, source: Source) -> list[tuple[str, str, str]]:
    """Return mode, outcome and value of a source, for each mode that could run."""
    return [
        (mode.mode, outcome, value)
        for mode in asked.modes
        for index, outcome, value in mode.answers
        if index == source.index
    ]


def _differs(asked: Asked, source: Source) -> bool:
    return any(outcome != source.outcome for _, outcome, _ in _answers(asked, source))


def _told(asked: Asked, source: Source) -> list[tuple[str, str]]:
    eager = ("eager", _gave(source.outcome, source.value))
    return [eager, *((m, _gave(o, v)) for m, o, v in _answers(asked, source))]


def _gave(outcome: str, value: str) -> str:
    return value or OUTCOMES.get(outcome, outcome)


def _shown(asked: Asked, source: Source, mode: str) -> ModeAnswer:
    told = dict(_told(asked, source))
    if mode in told:
        return ModeAnswer(mode, told[mode])
    return ModeAnswer(mode, f"could not run ({_why(asked.modes, mode)})")


def _why(modes: Sequence[InMode], mode: str) -> str:
    found = next((m.error for m in modes if m.mode == mode), "")
    return found or "it gave no answer for this source"
