"""Judges findings about NaN, and knows at which inputs to look for it.

That no NaN came out refutes nothing: it may come with other numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tapelint.model import Role, Verdict
from tapelint.verify.claims import Claim
from tapelint.verify.judgement import Judgement, listed, name_of, outcome_of, seen_in, undecided
from tapelint.verify.observed import Asked, Run, Source
from tapelint.verify.updates import Updates

# Where such operations go wrong, the most likely number first.
BAD_INPUTS: Mapping[str, tuple[float, ...]] = {
    "TAP501": (100.0, 1000.0, -1000.0),
    "TAP502": (0.0, -1.0, 1.0),
    "TAP503": (0.0, 1.0),
    "TAP504": (0.0, 1.0),
    "TAP505": (0.0, 1.0, -1.0),
    "TAP506": (0.0, 1.0, -1000.0),
    "TAP507": (1000.0, -1000.0, 0.0),
    "TAP508": (0.0, 1.0),
    "TAP509": (1.0, -1.0, 0.0),
    "TAP510": (0.0, 1.0),
}
MOST_PLACES = 2


class NotFinite(Updates):
    """Whether NaN came out, and where it first did."""

    def _not_finite(self, claim: Claim, run: Run) -> Judgement:
        asked = self.asked_for(claim, run)
        if not asked:
            return self.not_reached(claim, run)
        pairs = [(a, s) for a in asked for s in a.sources if s.outcome == "nan"]
        supporting = [(a, s) for a, s in pairs if self.first_match(claim, s) is not None]
        if supporting:
            return self._nan(claim, supporting)
        seen = seen_in(asked, claim)
        if pairs:
            why = self.other_reason(claim, pairs[0][1])
            return undecided(f"nan comes out, but {why}", seen)
        other = [s for a in asked for s in a.sources if s.outcome not in ("value", "zero")]
        if other:
            return undecided(f"{outcome_of(other[0])} comes out", seen)
        return undecided("the gradient is finite for the inputs that were tried", seen)

    def _nan(self, claim: Claim, supporting: Sequence[tuple[Asked, Source]]) -> Judgement:
        clean = [(a, s) for a, s in supporting if not s.replaced]
        asked, source = (clean or supporting)[0]
        seen = seen_in([asked], claim)
        if not clean:
            return undecided(f"nan comes out, but {listed(source.replaced)} was not run", seen)
        found = self.first_match(claim, source)
        assert found is not None
        turn = f" in turn {asked.turn}" if asked.turn > 1 else ""
        return Judgement(
            Verdict.CONFIRMED,
            f"nan comes out for `{name_of(claim, source)}`{turn}, and `{found.name}` at line "
            f"{found.frames[0][1]} is where it goes wrong",
            seen,
        )


def bad_inputs(claim: Claim) -> Iterator[tuple[str, int, float]]:
    """Yield what to try: the name of a source, the line it is made on, and a number."""
    code, places = claim.finding.code, []
    for step in claim.finding.steps:
        if step.role is Role.SOURCE and step.span.line not in places:
            places.append(step.span.line)
    names = [*claim.labels, *("the source" for _ in places)]
    for value in BAD_INPUTS.get(code, ()):
        for name, line in zip(names, places[:MOST_PLACES], strict=False):
            yield name, line, value
