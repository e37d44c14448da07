"""Judges findings about what becomes of gradients, and about how a tape is asked."""

from __future__ import annotations

from tapelint.model import Verdict
from tapelint.verify.claims import Claim
from tapelint.verify.exceptions import Exceptions
from tapelint.verify.judgement import (
    Judgement,
    came_to_end,
    ending,
    invents,
    listed,
    seen_in,
    undecided,
)
from tapelint.verify.observed import Run

# The worker tells of no more.
MOST_UPDATES = 100


class Updates(Exceptions):
    """Whose gradient moves which variable, and whether any is moved."""

    def _own_record(self, claim: Claim, run: Run) -> Judgement:
        asked = self.asked_at(claim.finding.span, run) or self.asked_at(claim.anchor, run)
        if not asked:
            return self.not_reached(claim, run)
        seen = seen_in(asked, claim)
        if any(a.is_recording for a in asked):
            reason = "the tape still records while it is asked"
            return Judgement(Verdict.CONFIRMED, reason, seen)
        return Judgement(Verdict.REFUTED, "the tape has stopped recording when it is asked", seen)

    def _other_variable(self, claim: Claim, run: Run) -> Judgement:
        if found := self.raised_at(claim.breaks, run):
            return self._exception(claim, found, ())
        updates = [u for u in run.updates if self.is_inside(u.frames, claim.breaks)]
        if not updates:
            return undecided(f"no variable is updated there: {ending(run)}")
        wrong = [u for u in updates if not u.is_own]
        if wrong and not wrong[0].is_invented:
            others = listed(wrong[0].gradients_of)
            reason = f"`{wrong[0].variable}` is moved by the gradient of {others}"
            return Judgement(Verdict.CONFIRMED, reason)
        if not wrong and not invents(run):
            return Judgement(Verdict.REFUTED, "every variable is moved by its own gradient")
        return undecided("the inputs were invented")

    def _no_update(self, claim: Claim, run: Run) -> Judgement:
        if found := self.raised_at(claim.breaks, run):
            return self._exception(claim, found, ())
        asked = self.asked_at(claim.anchor, run)
        if not asked and self.was_executed(claim.breaks, run):
            # The finding is about what became of the gradients, wherever they were asked for.
            asked = list(run.asked)
        if not asked:
            return self.not_reached(claim, run)
        seen = seen_in(asked, claim)
        if invents(run) or not came_to_end(run):
            return undecided(f"whether a variable moves stays open: {ending(run)}")
        if not run.updates:
            reason = "no variable moves, although gradients come out"
            return Judgement(Verdict.CONFIRMED, reason, seen)
        through = {line for update in run.updates for line in update.through}
        is_told = len(run.updates) < MOST_UPDATES
        if (
            claim.finding.code == "TAP406"
            and is_told
            and not any(self.is_at(line, claim.breaks) for line in through)
        ):
            line = claim.breaks[0].line
            reason = f"variables move, and not by what line {line} computes"
            return Judgement(Verdict.CONFIRMED, reason, seen)
        return undecided("some variable is moved by a gradient", seen)

    def _no_sources(self, claim: Claim, run: Run) -> Judgement:
        asked = self.asked_at(claim.anchor, run)
        if not asked:
            return self.not_reached(claim, run)
        if any(a.is_invented for a in asked):
            return undecided("the model was invented")
        if all(not a.sources for a in asked):
            return Judgement(Verdict.CONFIRMED, "the request is given no sources")
        reason = f"the request is given {len(asked[0].sources)} sources"
        return Judgement(Verdict.REFUTED, reason, seen_in(asked, claim))

    def _unscaled(self, claim: Claim, run: Run) -> Judgement:
        here = [
            is_scaled for frames, is_scaled in run.scaled if self.is_inside(frames, claim.breaks)
        ]
        if not here:
            return self.not_reached(claim, run)
        if all(here):
            if invents(run):
                return undecided("the loss was scaled, with inputs that were invented")
            return Judgement(Verdict.REFUTED, "the loss that is differentiated was scaled")
        if invents(run):
            return undecided("the loss was not scaled, with inputs that were invented")
        reason = "the gradients of a loss that was not scaled are divided by the scale"
        return Judgement(Verdict.CONFIRMED, reason)

    def _uneven(self, claim: Claim, run: Run) -> Judgement:
        spans = [claim.finding.span, *claim.breaks]
        if any(self.is_at(line, spans) for line in run.uneven):
            if invents(run):
                return undecided("the lists differ in length, and something in them was invented")
            return Judgement(Verdict.CONFIRMED, "the lists that `zip` pairs differ in length")
        if not self.was_executed(spans, run):
            return self.not_reached(claim, run)
        return undecided("the lists that `zip` pairs have one length in this run")
