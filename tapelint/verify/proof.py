"""Show that a fix works: run the script before and after it, and compare with a finite difference.

A fix is verified when the target keeps its value, the gradient is there, and moving the source a
little moves the target as the gradient says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tapelint import fixes
from tapelint.model import Evidence, Finding, Fix, Role, Span, Verdict
from tapelint.verify.claims import Claim, claim_of
from tapelint.verify.observed import Asked, Run, Source
from tapelint.verify.request import Request
from tapelint.verify.runner import Runner
from tapelint.verify.verdict import Judge

STEP = 1e-2
# Of float32 numbers that went through a whole program.
RELATIVE, ABSOLUTE = 0.05, 2e-3
SAME_VALUE = 1e-4


@dataclass(frozen=True, slots=True)
class Proof:
    """What a fix changed, or why it is not verified."""

    fix: Fix
    is_verified: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One finding with its fix, and what to run for it: after, moved up, moved down."""

    finding: Finding
    fix: Fix
    requests: tuple[Request, ...]


class Prover:
    """Proves fixes of confirmed findings; `scripts` are the requests that ran their files."""

    def __init__(self, runner: Runner, judge: Judge) -> None:
        self.runner = runner
        self.judge = judge

    def prove(self, findings: Sequence[tuple[Finding, Request, str, Run]]) -> dict[int, Proof]:
        """Return proofs by the identity of findings.

        Each comes with the request that ran its script, the text of its file and what was seen.
        """
        attempts: list[tuple[_Attempt, Run]] = []
        for finding, request, text, before in findings:
            if finding.evidence is None or finding.evidence.verdict is not Verdict.CONFIRMED:
                continue
            fix = fixes.fix_of(finding, text)
            if fix is not None:
                attempts.append((_attempt(finding, fix, request, text), before))
        wanted = [request for attempt, _ in attempts for request in attempt.requests]
        runs = dict(self.runner.run(wanted))
        return {
            id(attempt.finding): self._proof(attempt, before, [runs[r] for r in attempt.requests])
            for attempt, before in attempts
        }

    def _proof(self, attempt: _Attempt, before: Run, runs: Sequence[Run]) -> Proof:
        claim = claim_of(attempt.finding, {})
        moved = _moved(attempt.fix, claim)
        after = self._asked(moved, runs[0])
        was = self._asked(claim, before)
        problem, sentence = self._compared(claim, was, after, [self._asked(moved, r) for r in runs])
        return Proof(attempt.fix, not problem, problem or sentence)

    def _asked(self, claim: Claim, run: Run) -> list[Asked]:
        return self.judge.asked_at(claim.anchor, run)

    def _compared(
        self,
        claim: Claim,
        before: Sequence[Asked],
        after: Sequence[Asked],
        moved: Sequence[Sequence[Asked]],
    ) -> tuple[str, str]:
        """Return what speaks against the fix, else "", and what it changed."""
        if not after:
            return "the gradient call is not reached any more", ""
        # Up to the first turn without a gradient both programs do the same.
        index = next((i for i, a in enumerate(before) if _lost(a)), -1)
        if index < 0 or index >= len(after):
            return "the gradient call is not reached as often any more", ""
        old, new = before[index], after[index]
        if new.error_type:
            return f"the gradient call raises {new.error_type}", ""
        chosen = _chosen(claim, old, new)
        if chosen is None:
            return "no source has a gradient that it lacked", ""
        if not _is_near(old.total, new.total, SAME_VALUE, SAME_VALUE) and not old.error_type:
            return f"the target changes from {old.total} to {new.total}", ""
        changed = f"{_gave(old, chosen.index)} -> {chosen.value}"
        up, down = ([m[0] if m else None for m in moved[1:]] + [None, None])[:2]
        if up is None or down is None or up.total is None or down.total is None:
            return "", f"{changed}, without a finite difference"
        first = after[0].sources[chosen.index].total if index else chosen.total
        slope = (up.total - down.total) / (2 * STEP)
        if first is None or up.total == down.total:
            # What was moved is not what the source was made from.
            return "", f"{changed}, without a finite difference"
        if not _is_near(slope, first, RELATIVE, ABSOLUTE):
            return f"the gradient is {first:.4g}, and the finite difference {slope:.4g}", ""
        return "", f"{changed}, as the finite difference says"


def with_proof(finding: Finding, proof: Proof | None) -> Finding:
    """Return a finding whose evidence tells of its fix."""
    if proof is None or finding.evidence is None or not proof.is_verified:
        return finding
    evidence: Evidence = replace(finding.evidence, fix=proof.sentence)
    return replace(finding, evidence=evidence)


def _attempt(finding: Finding, fix: Fix, request: Request, text: str) -> _Attempt:
    repaired = fixes.applied(text, fix)
    texts = type(request.texts)(request.texts)  # type: ignore[call-arg]
    texts[request.main] = repaired  # type: ignore[index]
    after = replace(request, texts=texts, sites=(), modes=())
    source = next((s.span for s in finding.steps if s.role is Role.SOURCE), None)
    if source is None:
        return _Attempt(finding, fix, (after,))
    line = source.line + _shift(fix, source)
    return _Attempt(
        finding,
        fix,
        (after, replace(after, nudge=(line, (STEP,))), replace(after, nudge=(line, (-STEP,)))),
    )


def _moved(fix: Fix, claim: Claim) -> Claim:
    """Return a claim about the same call, where it stands after the fix."""
    site = claim.anchor
    shift = _shift(fix, site)
    moved = replace(site, line=site.line + shift, end_line=site.end_line + shift)
    return replace(claim, site=moved)


def _shift(fix: Fix, place: Span) -> int:
    """Return how many lines a fix inserts above a place."""
    return sum(
        edit.replacement.count("\n") - (edit.span.end_line - edit.span.line)
        for edit in fix.edits
        if edit.span.line <= place.line
    )


def _lost(asked: Asked) -> bool:
    return bool(asked.error_type) or any(s.outcome != "value" for s in asked.sources)


def _chosen(claim: Claim, old: Asked, new: Asked) -> Source | None:
    """Return the first source that has a gradient now and had none before."""
    for source in new.sources:
        if claim.indices is not None and source.index not in claim.indices:
            continue
        was = next((s.outcome for s in old.sources if s.index == source.index), "error")
        if source.outcome == "value" and was != "value":
            return source
    return None


def _gave(asked: Asked, index: int) -> str:
    if asked.error_type:
        return asked.error_type
    outcome = next((s.outcome for s in asked.sources if s.index == index), "")
    return "None" if outcome == "none" else outcome


def _is_near(a: float | None, b: float | None, relative: float, absolute: float) -> bool:
    if a is None or b is None:
        return a is b
    return abs(a - b) <= absolute + relative * max(abs(a), abs(b))
