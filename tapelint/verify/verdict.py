"""From what was seen to a verdict, by rules that would rather say nothing than something wrong.

Confirmed needs the outcome and the break to be those of the finding, with nothing invented or left
out on the way. Refuted needs a real gradient, with no stand-in between source and target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tapelint.model import Seen, Verdict
from tapelint.verify.claims import LATER_TURN, Claim, Expected
from tapelint.verify.judgement import (
    Judgement,
    ending,
    invents,
    listed,
    name_of,
    outcome_of,
    seen_in,
    undecided,
    was_seen_enough,
)
from tapelint.verify.not_finite import NotFinite
from tapelint.verify.observed import Asked, Run, Source
from tapelint.verify.places import WHY, ended

INVENTED = frozenset({"invented", "replaced", "library"})
# Steps of code that was not run.
STANDING_IN = frozenset({"replaced", "library"})
# What is wrong with a source whatever is done with it.
OF_SOURCE = frozenset({"unwatched", "not trainable", "not auto-watched", "dtype"})
# A gradient in float32 that is smaller than this is what rounding leaves.
ROUNDING = 1e-5
MATCHING: Mapping[Expected, frozenset[str]] = {
    Expected.NONE: frozenset({"none"}),
    Expected.ZERO: frozenset({"zero"}),
    Expected.NOT_FINITE: frozenset({"nan", "inf"}),
}


class Judge(NotFinite):
    """Judges runs."""

    def judge(self, claim: Claim, run: Run) -> Judgement:
        """Form the verdict on a claim from one run."""
        match claim.expected:
            case Expected.NOTHING:
                return undecided("no single run decides what this rule is about")
            case Expected.RAISES:
                return self._raises(claim, run)
            case Expected.NONE_RAISES:
                return self._with_origin(claim, run, self._none_raises(claim, run))
            case Expected.OWN_RECORD:
                return self._own_record(claim, run)
            case Expected.OTHER_VARIABLE:
                return self._other_variable(claim, run)
            case Expected.NO_UPDATE:
                return self._no_update(claim, run)
            case Expected.NOT_FINITE:
                return self._with_origin(claim, run, self._not_finite(claim, run))
            case Expected.NO_SOURCES:
                return self._no_sources(claim, run)
            case Expected.UNEVEN:
                return self._uneven(claim, run)
            case Expected.UNSCALED:
                return self._unscaled(claim, run)
            case _:
                return self._with_origin(claim, run, self._gives(claim, run))

    def _with_origin(self, claim: Claim, run: Run, judgement: Judgement) -> Judgement:
        asked = self.asked_for(claim, run)
        sources = (s for a in asked for s in self.relevant(claim, a))
        return replace(
            judgement,
            is_invented=any(s.made_kind in INVENTED for s in sources),
            assumed=max((a.assumed for a in asked), default=None),
        )

    def _gives(self, claim: Claim, run: Run) -> Judgement:
        asked = self.asked_for(claim, run)
        if not asked:
            return self.not_reached(claim, run)
        seen = seen_in(asked, claim)
        if claim.finding.code == "TAP104" and (found := self._tensor_for_variable(claim, run)):
            return found
        matching = MATCHING[claim.expected]
        pairs = [(a, s) for a in asked for s in self.relevant(claim, a)]
        if not pairs:
            return undecided("the gradient call is given no sources", seen)
        hits = [(a, s) for a, s in pairs if s.outcome in matching and not a.is_zero_asked]
        supporting = [(a, s) for a, s in hits if self._is_for_this_reason(claim, s)]
        if supporting:
            if line := self._guessed_around(claim, run):
                return undecided(f"whether line {line} runs depends on something unknown", seen)
            return self._supported(claim, supporting, seen)
        if hits:
            source = hits[0][1]
            reason = f"{outcome_of(source)} comes out, but {self.other_reason(claim, source)}"
            return undecided(reason, seen, is_open=bool(source.replaced))
        return self._without_hit(claim, run, asked, pairs, seen)

    def _tensor_for_variable(self, claim: Claim, run: Run) -> Judgement | None:
        """Confirm by the exception of `w.assign_sub(...)` that `w` is a tensor by then."""
        for raised in run.raised[:1]:
            is_at = self.is_inside(raised.frames, [claim.anchor, *claim.breaks])
            if (
                is_at
                and not invents(run)
                and "Tensor' object has no attribute 'assign" in (raised.message)
            ):
                line = raised.frames[0][1]
                return Judgement(
                    Verdict.CONFIRMED,
                    f"line {line} raises AttributeError: a tensor has taken the variable's place",
                )
        return None

    def _supported(
        self, claim: Claim, supporting: Sequence[tuple[Asked, Source]], seen: tuple[Seen, ...]
    ) -> Judgement:
        clean = [
            (a, s)
            for a, s in supporting
            if not (s.is_late or self._may_be_another(s) or self._open_for(claim, s))
        ]
        asked, source = (clean or supporting)[0]
        if source.is_late:
            return undecided(
                f"`{name_of(claim, source)}` was invented after the tape had closed", seen
            )
        if self._may_be_another(source):
            return undecided(
                "the source was invented, and may be what the target is made from", seen
            )
        if names := self._open_for(claim, source):
            return undecided(
                f"{outcome_of(source)} comes out, but {listed(names)} was not really run",
                seen,
                is_open=True,
            )
        turn = f" in turn {asked.turn}" if asked.turn > 1 else ""
        reason = f"{outcome_of(source)} comes out for `{name_of(claim, source)}`{turn}"
        at = self._where(claim, source)
        found = self.first_match(claim, source) if claim.needs_place else None
        is_python = found is not None and found.kind == "plain"
        if source.replaced:
            at += f", whatever {listed(source.replaced)} would be"
        return Judgement(Verdict.CONFIRMED, f"{reason}{at}", seen, is_python=is_python)

    def _guessed_around(self, claim: Claim, run: Run) -> int:
        """Return a line of the finding that ran because a condition was guessed, else 0.

        Where the gradient call stands under the same condition, it has to hold.
        """
        site = claim.anchor
        for span in claim.breaks:
            path = self.absolute(span.path)
            for file, first, last in run.guessed:
                is_around_call = self.absolute(site.path) == file and first <= site.line <= last
                if file == path and first <= span.line <= last and not is_around_call:
                    return span.line
        return 0

    def _may_be_another(self, source: Source) -> bool:
        """Tell whether an invented source could be what the target is made from."""
        return source.cause == "unused" and source.made_kind in INVENTED

    def _open_for(self, claim: Claim, source: Source) -> tuple[str, ...]:
        """Return the stand-ins that a real value in their place could make a gradient flow from.

        A stand-in is connected to all that could go into it. None comes out all the same where
        every way from a stand-in to the target leads through a step that was run, and ends there;
        or where the source itself, made without them, is on no tape.
        """
        left: tuple[str, ...] | None = None
        if source.cause in OF_SOURCE:
            left = source.beneath
        elif source.cause in ("cut", "unrecorded"):
            found = self.first_match(claim, source)
            if found is not None and found in source.breaks and found.kind not in STANDING_IN:
                left = source.beside
        return source.replaced if left is None else left

    def _where(self, claim: Claim, source: Source) -> str:
        if not claim.needs_place:
            return f", and {WHY.get(source.cause, source.cause)}"
        found = self.first_match(claim, source)
        return f", and {ended(found)}" if found is not None else ""

    def _without_hit(
        self,
        claim: Claim,
        run: Run,
        asked: Sequence[Asked],
        pairs: Sequence[tuple[Asked, Source]],
        seen: tuple[Seen, ...],
    ) -> Judgement:
        raised = [a for a in asked if a.error_type]
        if raised:
            return undecided(f"the gradient call raises {raised[0].error_type}", seen)
        if any(a.is_zero_asked for a in asked):
            return undecided("the call asks for zeros where nothing is connected", seen)
        replaced = [name for _, s in pairs for name in s.replaced]
        if replaced:
            names = listed(dict.fromkeys(replaced))
            reason = f"connected, if what stands in for {names} is differentiable"
            return undecided(reason, seen, is_open=True)
        if any(s.outcome in MATCHING[claim.expected] for a in asked for s in a.sources):
            return undecided("a value comes out, and for another source it does not", seen)
        if any(s.outcome != "value" for _, s in pairs):
            return undecided(f"{outcome_of(next(s for _, s in pairs if s.outcome != 'value'))}"
                         " comes out", seen)  # fmt: skip
        if claim.finding.code in LATER_TURN and not was_seen_enough(run):
            return undecided(f"a value comes out, and then {ending(run)}", seen)
        if claim.expected is Expected.ZERO and all(is_rounding(s) for _, s in pairs):
            return undecided("numbers as small as rounding errors come out in place of zeros", seen)
        turns = max(a.turn for a in asked)
        times = f" in all {turns} turns" if turns > 1 else ""
        return Judgement(Verdict.REFUTED, f"a real gradient comes out{times}", seen)

    def _is_for_this_reason(self, claim: Claim, source: Source) -> bool:
        if claim.expected is not Expected.NONE:
            return self.first_match(claim, source) is not None
        if claim.finding.code == "TAP102" and source.is_trainable is False:
            return True
        if source.cause not in claim.causes:
            return False
        if not claim.needs_place:
            return True
        if claim.finding.code == "TAP104":
            # Bound at the finding: the tensor was made there, or by what is called there.
            return any(self.is_at(line, claim.breaks) for line in source.made)
        if source.cause in ("unwatched", "late watch") and not source.breaks:
            return False
        return self.first_match(claim, source) is not None


def is_rounding(source: Source) -> bool:
    """Tell whether a gradient is what rounding leaves of zeros."""
    return source.total is not None and abs(source.total) < ROUNDING


def checked(eager: Judgement, claim: Claim, as_written: Sequence[Asked]) -> Judgement:
    """Compare a verdict that needed functions to run eagerly with the program as it is written."""
    matching = MATCHING.get(claim.expected)
    if matching is None or any(a.is_zero_asked for a in as_written):
        return eager
    sources = [
        s
        for a in as_written
        for s in a.sources
        if claim.indices is None or s.index in claim.indices
    ]
    if not sources or any(a.error_type for a in as_written):
        is_python = eager.verdict is Verdict.CONFIRMED and eager.is_python
        if not is_python and eager.verdict is not Verdict.REFUTED:
            return eager
        reason = f"{eager.reason}, when functions run eagerly; as written the call is not reached"
        return replace(eager, verdict=Verdict.INCONCLUSIVE, reason=reason)
    # What a graph will compute is not known while it is traced; whether it is None, is.
    is_hit = any(s.outcome in matching for s in sources)
    is_open = any(s.is_symbolic for s in sources) and claim.expected is not Expected.NONE
    was_open = eager.verdict is Verdict.INCONCLUSIVE
    if is_open or (is_hit if was_open else is_hit is (eager.verdict is Verdict.CONFIRMED)):
        return eager
    if was_open and (claim.finding.code in LATER_TURN or claim.expected is Expected.NOT_FINITE):
        # That no NaN came out refutes nothing.
        return eager
    if any(s.replaced or s.outcome not in ("value", *matching) for s in sources):
        return replace(eager, verdict=Verdict.INCONCLUSIVE)
    if is_hit:
        reason = (
            f"{outcome_of(sources[0])} comes out in a graph, and a value when functions run eagerly"
        )
        return replace(eager, verdict=Verdict.DIFFERS, reason=reason)
    if claim.expected is Expected.NOT_FINITE:
        reason = f"{eager.reason}, when functions run eagerly, and as written a value comes out"
        return replace(eager, verdict=Verdict.DIFFERS, reason=reason)
    reason = "a real gradient comes out as the program is written, in a graph"
    return replace(eager, verdict=Verdict.REFUTED, reason=reason, seen=seen_in(as_written, claim))


def joined(as_tensor: Judgement, as_variable: Judgement, names: str) -> Judgement:
    """Join the verdicts of two worlds; where a guess decided, there is no verdict."""
    first, second = as_tensor.verdict, as_variable.verdict
    if first is second:
        return as_tensor
    decided = [j for j in (as_tensor, as_variable) if j.verdict is not Verdict.INCONCLUSIVE]
    if len(decided) == 1:
        only = decided[0]
        other = as_variable if only is as_tensor else as_tensor
        if not only.is_invented and not other.was_reached:
            return only
        return replace(
            only, verdict=Verdict.INCONCLUSIVE, reason=f"{only.reason}, in one of two runs"
        )
    what = {Verdict.CONFIRMED: "confirmed", Verdict.REFUTED: "refuted"}
    reason = (
        f"depends on the type of {names}: {what[first]} for a tensor, {what[second]} for a variable"
    )
    return replace(as_tensor, verdict=Verdict.INCONCLUSIVE, reason=reason)
