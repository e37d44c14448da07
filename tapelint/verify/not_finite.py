"""Judges findings about NaN.

That no NaN came out refutes nothing: it may come with other numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from tapelint.model import Verdict
from tapelint.verify.claims import Claim
from tapelint.verify.judgement import Judgement, listed, name_of, outcome_of, seen_in, undecided
from tapelint.verify.observed import Asked, Run, Source
from tapelint.verify.updates import Updates


class NotFinite(Updates):
    """Whether NaN came out, and where it first did."""

    def _not_finite(self, claim: Claim, run: Run) -> Judgement:
        asked = self.asked_for(claim, run)
        if not asked:
            return self.not_reached(claim, run)
        pairs = [(a, s) for a in asked for s in a.sources if s.outcome in ("nan", "inf")]
        pairs.sort(key=lambda pair: pair[1].outcome == "inf")
        supporting = [(a, s) for a, s in pairs if self.first_match(claim, s) is not None]
        if supporting:
            return self._nan(claim, supporting)
        seen = seen_in(asked, claim)
        if pairs:
            why = self.other_reason(claim, pairs[0][1])
            return undecided(f"{outcome_of(pairs[0][1])} comes out, but {why}", seen)
        other = [s for a in asked for s in a.sources if s.outcome not in ("value", "zero")]
        if other:
            return undecided(f"{outcome_of(other[0])} comes out", seen)
        return undecided("the gradient is finite for the inputs that were tried", seen)

    def _nan(self, claim: Claim, supporting: Sequence[tuple[Asked, Source]]) -> Judgement:
        clean = [(a, s) for a, s in supporting if not s.replaced]
        asked, source = (clean or supporting)[0]
        seen = seen_in([asked], claim)
        if not clean:
            gave, unrun = outcome_of(source), listed(source.replaced)
            return undecided(f"{gave} comes out, but {unrun} was not run", seen)
        found = self.first_match(claim, source)
        assert found is not None
        turn = f" in turn {asked.turn}" if asked.turn > 1 else ""
        return Judgement(
            Verdict.CONFIRMED,
            f"{outcome_of(source)} comes out for `{name_of(claim, source)}`{turn}, and "
            f"`{found.name}` at line {found.frames[0][1]} is where it goes wrong",
            seen,
        )
