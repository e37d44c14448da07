"""Judges findings that say that something raises."""

from __future__ import annotations

import re

from tapelint.model import Seen, Verdict
from tapelint.verify.claims import LATER_TURN, Claim
from tapelint.verify.judgement import (
    Judgement,
    ending,
    excepted,
    invents,
    is_of_tape,
    seen_in,
    undecided,
    was_seen_enough,
)
from tapelint.verify.observed import Raised, Run
from tapelint.verify.places import Places

# Said by an optimizer of Keras 3.
REMOVED = re.compile(
    r"'(?!\w*(Tensor|Variable)')\w+' object has no attribute '(minimize|get_gradients|get_updates|"
    r"compute_gradients|_compute_gradients)'|Argument\(s\) not recognized"
)


class Exceptions(Places):
    """What was raised, and what was not."""

    def _raises(self, claim: Claim, run: Run) -> Judgement:
        if claim.finding.code.startswith("TAP6"):
            return self._of_custom_gradient(claim, run)
        is_of_path = claim.finding.code.startswith("TAP2")
        asked = self.asked_at(claim.anchor if is_of_path else claim.breaks[-1], run)
        seen = seen_in(asked, claim)
        for request in asked:
            if request.error_type:
                if (
                    is_of_path
                    and request.sources
                    and not any(self.first_match(claim, source) for source in request.sources)
                ):
                    why = self.other_reason(claim, request.sources[0])
                    return undecided(f"the call raises {request.error_type}, but {why}", seen)
                where = f"`{request.method}` at line {request.frames[0][1]}"
                reason = f"{where} raises {request.error_type}"
                is_sure = not request.is_invented or is_of_tape(request.error_message)
                # A number or an array of Python's, and the line that made it was run.
                is_sure = is_sure or (is_of_path and request.is_plain)
                return excepted(reason, seen, is_sure=is_sure)
            if claim.finding.code == "TAP306" and any(s.is_mixed for s in request.sources):
                reason = "the rows of the batch depend on each other"
                return Judgement(Verdict.CONFIRMED, reason, seen)
        if found := self.raised_at(claim.breaks, run):
            return self._exception(claim, found, seen)
        return self._not_raised(claim, run, seen, is_asked=bool(asked))

    def _of_custom_gradient(self, claim: Claim, run: Run) -> Judgement:
        """Confirm by what TensorFlow says of a custom gradient when it is called or asked for."""
        for raised in run.raised:
            if "custom_gradient" in raised.message and self.is_inside(raised.frames, claim.breaks):
                return self._exception(claim, raised, ())
        for request in run.asked:
            if "custom_gradient" in request.error_message:
                where = f"`{request.method}` at line {request.frames[0][1]}"
                reason = f"{where} raises {request.error_type}"
                return excepted(reason, seen_in([request], claim), is_sure=True)
        if not self.was_executed(claim.breaks, run):
            return self.not_reached(claim, run)
        return undecided("nothing was raised in this run")

    def _exception(self, claim: Claim, found: Raised, seen: tuple[Seen, ...]) -> Judgement:
        line = self.line_of(found, claim.breaks)
        is_sure = not found.is_invented or is_of_tape(found.message)
        if claim.finding.code == "TAP702":
            # What is invented has every attribute, or is a tensor, and no optimizer.
            is_sure = is_sure or REMOVED.search(found.message) is not None
        return excepted(f"line {line} raises {found.type}", seen, is_sure=is_sure)

    def _not_raised(
        self, claim: Claim, run: Run, seen: tuple[Seen, ...], *, is_asked: bool
    ) -> Judgement:
        was_run = is_asked or self.was_executed(claim.breaks, run)
        if not was_run:
            return self.not_reached(claim, run)
        if claim.needs_graph:
            return undecided("the run does not show that this line raises in a graph", seen)
        if invents(run):
            return undecided("nothing is raised with inputs that were invented", seen)
        if claim.finding.code == "TAP306" and not claim.finding.message.endswith("raises"):
            return undecided("nothing is raised, and the answer looks right for this input", seen)
        if claim.finding.code in LATER_TURN and not was_seen_enough(run):
            return undecided(f"the line runs, and then {ending(run)}", seen)
        return Judgement(Verdict.REFUTED, "the line runs, and nothing is raised", seen)

    def _none_raises(self, claim: Claim, run: Run) -> Judgement:
        asked = self.asked_at(claim.anchor, run)
        if not asked:
            return self.not_reached(claim, run)
        seen = seen_in(asked, claim)
        nones = [s for a in asked for s in self.relevant(claim, a) if s.outcome == "none"]
        if not nones:
            if any(s.outcome != "value" or s.replaced for a in asked for s in a.sources):
                return undecided("None does not come out of the run that was possible", seen)
            if not was_seen_enough(run):
                return undecided(f"a value comes out, and then {ending(run)}", seen)
            return Judgement(Verdict.REFUTED, "a real gradient comes out for every source", seen)
        found = self.raised_at(claim.breaks, run)
        if found is None:
            if not self.was_executed(claim.breaks, run):
                return undecided(f"None comes out, and then {ending(run)}", seen)
            return undecided("None comes out, and the line does not raise", seen)
        is_sure = not found.is_invented or is_of_tape(found.message)
        if not is_sure or all(s.replaced or s.is_late for s in nones):
            return undecided(f"raises {found.type}, with inputs that were invented", seen)
        line = self.line_of(found, claim.breaks)
        return Judgement(
            Verdict.CONFIRMED, f"None comes out, and line {line} raises {found.type}", seen
        )
