"""Which part of a run belongs to which place of a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tapelint.model import Span, Verdict
from tapelint.verify.claims import READS_STATE, Claim
from tapelint.verify.judgement import Judgement, ending
from tapelint.verify.observed import Asked, Break, Line, Raised, Run, Source

WHY = {
    "unwatched": "the tape does not watch it",
    "not trainable": "it is not trainable",
    "not auto-watched": "the tape watches no variable by itself",
    "late watch": "it is watched too late",
    "unused": "it never reaches the target",
    "dtype": "its dtype carries no gradient",
}


# How Python and NumPy ask for the value of a tensor; nobody has to have written that.
CONVERSIONS = frozenset({"array", "numpy"})


def ended(found: Break) -> str:
    """Say where a connection ended, as part of a sentence."""
    at = f"at line {found.frames[0][1]}"
    if found.kind == "plain" and found.name in CONVERSIONS:
        return f"the value leaves TensorFlow {at}"
    return f"`{found.name}` {at} {'is not recorded' if found.missed else 'ends the gradient'}"


class Places:
    """Compares places; `absolute` turns the paths that findings show into those of the worker."""

    def __init__(self, absolute: Callable[[str], str]) -> None:
        self.absolute = absolute

    def asked_for(self, claim: Claim, run: Run) -> list[Asked]:
        """Return the requests that a claim is about: all, where it points at none."""
        if claim.site is None and claim.finding.code.startswith(("TAP5", "TAP6")):
            return list(run.asked)
        return self.asked_at(claim.anchor, run)

    def asked_at(self, span: Span, run: Run) -> list[Asked]:
        """Return the requests that were made at a span, exactly there where that is known."""
        path = self.absolute(span.path)
        exact = [
            a
            for a in run.asked
            if a.place is not None
            and (a.place.path, a.place.line, a.place.column) == (path, span.line, span.column)
        ]
        if exact:
            return exact
        return [a for a in run.asked if self.is_inside(a.frames, [span])]

    def raised_at(self, spans: Sequence[Span], run: Run) -> Raised | None:
        """Return the first exception that was raised at one of `spans`."""
        return next((r for r in run.raised if self.is_inside(r.frames, spans)), None)

    def is_inside(self, frames: Sequence[Line], spans: Iterable[Span]) -> bool:
        """Tell whether the innermost frame in the file of a span lies in it."""
        for span in spans:
            path = self.absolute(span.path)
            own = [line for file, line in frames if file == path]
            if own and span.line <= own[0] <= span.end_line:
                return True
        return False

    def is_at(self, frame: Line, spans: Iterable[Span]) -> bool:
        """Tell whether a line is one of those of some spans."""
        return any(
            frame[0] == self.absolute(span.path) and span.line <= frame[1] <= span.end_line
            for span in spans
        )

    def was_executed(self, spans: Sequence[Span], run: Run) -> bool:
        """Tell whether any call ran on the lines of some spans."""
        return any(
            (self.absolute(span.path), line) in run.executed
            for span in spans
            for line in range(span.line, span.end_line + 1)
        )

    def line_of(self, raised: Raised, spans: Sequence[Span]) -> int:
        """Return the line of the blamed file at which something was raised."""
        paths = {self.absolute(span.path) for span in spans}
        return next((line for file, line in raised.frames if file in paths), 0)

    def not_reached(self, claim: Claim, run: Run) -> Judgement:
        """Say why the run never came to the place of the finding."""
        line = claim.anchor.line
        return Judgement(
            Verdict.INCONCLUSIVE,
            f"line {line} is not reached: {ending(run)}",
            was_reached=False,
        )

    def relevant(self, claim: Claim, asked: Asked) -> list[Source]:
        """Return the sources of a request that a claim is about."""
        if claim.indices is None:
            return list(asked.sources)
        return [s for s in asked.sources if s.index in claim.indices]

    def first_match(self, claim: Claim, source: Source) -> Break | None:
        """Return the break that is where the finding says, nearest in its file."""
        candidates: tuple[Break, ...] = (*source.breaks, *source.culprits)
        if source.cause in ("unused", "no target"):
            candidates = source.exits
        for found in candidates:
            if self.is_inside(found.frames, claim.breaks):
                return found
        if claim.finding.code in READS_STATE:
            for found in source.behind:
                if self.is_inside(found.frames, claim.breaks):
                    return found
        return None

    def other_reason(self, claim: Claim, source: Source) -> str:
        """Say why a source got no gradient, where that is not what was claimed."""
        if source.cause in WHY:
            return WHY[source.cause]
        for found in (*source.breaks, *source.culprits):
            if found.frames:
                return f"because {ended(found)}"
        return "the run does not show why"
