"""From what was seen to a verdict, by rules that would rather say nothing than something wrong.

Confirmed needs the outcome and the break to be those of the finding, with nothing invented or left
out on the way. Refuted needs a real gradient, with no stand-in between source and target.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tapelint.model import Seen, Span, Verdict
from tapelint.verify.claims import LATER_TURN, READS_STATE, Claim, Expected
from tapelint.verify.observed import Asked, Break, Line, Raised, Run, Source

MOST_SEEN = 8
INVENTED = frozenset({"invented", "replaced"})
OF_TAPE = re.compile(
    r"non-persistent GradientTape|Tape is (still|already) recording|NoneType|\(None\)"
    r"|No gradients provided|gradient registry has no entry"
)
OUTCOMES = {"none": "None", "zero": "zeros", "value": "a value", "nan": "nan", "inf": "inf"}
MATCHING: Mapping[Expected, frozenset[str]] = {
    Expected.NONE: frozenset({"none"}),
    Expected.ZERO: frozenset({"zero"}),
    Expected.NOT_FINITE: frozenset({"nan", "inf"}),
}
WHY = {
    "unwatched": "the tape does not watch it",
    "not trainable": "it is not trainable",
    "not auto-watched": "the tape watches no variable by itself",
    "late watch": "it is watched too late",
    "unused": "it never reaches the target",
    "dtype": "its dtype carries no gradient",
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict on one run. `reason` is one sentence, `was_reached` whether the call ran at all.

    `is_invented` holds where a source is an invented input: then its type was a guess. `assumed`
    counts the assumptions of the run that had been made by then, None for all.
    """

    verdict: Verdict
    reason: str
    seen: tuple[Seen, ...] = ()
    was_reached: bool = True
    is_invented: bool = False
    assumed: int | None = None


class Judge:
    """Judges runs; `absolute` turns the paths that findings show into those of the worker."""

    def __init__(self, absolute: Callable[[str], str]) -> None:
        self.absolute = absolute

    def judge(self, claim: Claim, run: Run) -> Judgement:
        """Form the verdict on a claim from one run."""
        match claim.expected:
            case Expected.NOTHING:
                return _open("no single run decides what this rule is about")
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
            case Expected.NO_SOURCES:
                return self._no_sources(claim, run)
            case Expected.UNEVEN:
                return self._uneven(claim, run)
            case _:
                return self._with_origin(claim, run, self._gives(claim, run))

    def _with_origin(self, claim: Claim, run: Run, judgement: Judgement) -> Judgement:
        asked = self.asked_at(claim.anchor, run)
        sources = (s for a in asked for s in self._relevant(claim, a))
        return replace(
            judgement,
            is_invented=any(s.made_kind in INVENTED for s in sources),
            assumed=max((a.assumed for a in asked), default=None),
        )

    # ------------------------------------------------------------------------ what came out

    def _gives(self, claim: Claim, run: Run) -> Judgement:
        asked = self.asked_at(claim.anchor, run)
        if not asked:
            return self.not_reached(claim, run)
        seen = seen_in(asked, claim)
        if claim.finding.code == "TAP104" and (found := self._tensor_for_variable(claim, run)):
            return found
        matching = MATCHING[claim.expected]
        pairs = [(a, s) for a in asked for s in self._relevant(claim, a)]
        if not pairs:
            return _open("the gradient call is given no sources", seen)
        hits = [(a, s) for a, s in pairs if s.outcome in matching and not a.is_zero_asked]
        supporting = [(a, s) for a, s in hits if self._is_for_this_reason(claim, s)]
        if supporting:
            return self._supported(claim, supporting, seen)
        if hits:
            why = self._other_reason(claim, hits[0][1])
            return _open(f"{_outcome(hits[0][1])} comes out, but {why}", seen)
        return self._without_hit(claim, run, asked, pairs, seen)

    def _tensor_for_variable(self, claim: Claim, run: Run) -> Judgement | None:
        """Confirm by the exception of `w.assign_sub(...)` that `w` is a tensor by then."""
        for raised in run.raised[:1]:
            is_at = self.is_inside(raised.frames, [claim.anchor, *claim.breaks])
            if (
                is_at
                and not _invents(run)
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
        clean = [(a, s) for a, s in supporting if not s.replaced and not s.is_late]
        asked, source = (clean or supporting)[0]
        if source.is_late:
            return _open(f"`{_name(claim, source)}` was invented after the tape had closed", seen)
        if source.replaced:
            listed = _listed(source.replaced)
            return _open(f"{_outcome(source)} comes out, but {listed} was not really run", seen)
        turn = f" in turn {asked.turn}" if asked.turn > 1 else ""
        reason = f"{_outcome(source)} comes out for `{_name(claim, source)}`{turn}"
        at = self._where(claim, source)
        return Judgement(Verdict.CONFIRMED, f"{reason}{at}", seen)

    def _where(self, claim: Claim, source: Source) -> str:
        if not claim.needs_place:
            return f", and {WHY.get(source.cause, source.cause)}"
        found = self._first_match(claim, source)
        if found is None:
            return ""
        what = "is not recorded" if found.missed else "ends the gradient"
        if claim.expected is Expected.NOT_FINITE:
            what = "is where it goes wrong"
        return f", and `{found.name}` at line {found.frames[0][1]} {what}"

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
            return _open(f"the gradient call raises {raised[0].error_type}", seen)
        if claim.expected is Expected.NOT_FINITE:
            return _open("the gradient is finite for the inputs that were tried", seen)
        if any(a.is_zero_asked for a in asked):
            return _open("the call asks for zeros where nothing is connected", seen)
        replaced = [name for _, s in pairs for name in s.replaced]
        if replaced:
            listed = _listed(dict.fromkeys(replaced))
            return _open(f"connected, if what stands in for {listed} is differentiable", seen)
        if any(s.outcome in MATCHING[claim.expected] for a in asked for s in a.sources):
            return _open("a value comes out, and for another source it does not", seen)
        if any(s.outcome != "value" for _, s in pairs):
            return _open(f"{_outcome(next(s for _, s in pairs if s.outcome != 'value'))}"
                         " comes out", seen)  # fmt: skip
        if claim.finding.code in LATER_TURN and not _was_seen_enough(run):
            return _open(f"a value comes out, and then {_ending(run)}", seen)
        turns = max(a.turn for a in asked)
        times = f" in all {turns} turns" if turns > 1 else ""
        return Judgement(Verdict.REFUTED, f"a real gradient comes out{times}", seen)

    def _relevant(self, claim: Claim, asked: Asked) -> list[Source]:
        if claim.indices is None:
            return list(asked.sources)
        return [s for s in asked.sources if s.index in claim.indices]

    # --------------------------------------------------------------------------- why it did

    def _is_for_this_reason(self, claim: Claim, source: Source) -> bool:
        if claim.expected is not Expected.NONE:
            return self._first_match(claim, source) is not None
        if claim.finding.code == "TAP102" and source.is_trainable is False:
            return True
        if source.cause not in claim.causes:
            return False
        if not claim.needs_place:
            return True
        if claim.finding.code == "TAP104":
            # Bound at the finding: the tensor was made there, or by what is called there.
            return any(self._is_at(line, claim.breaks) for line in source.made)
        if source.cause in ("unwatched", "late watch") and not source.breaks:
            return False
        return self._first_match(claim, source) is not None

    def _first_match(self, claim: Claim, source: Source) -> Break | None:
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

    def _other_reason(self, claim: Claim, source: Source) -> str:
        if source.cause in WHY:
            return WHY[source.cause]
        for found in (*source.breaks, *source.culprits):
            if found.frames:
                line = found.frames[0][1]
                how = "is not recorded" if found.missed else "ends the gradient"
                return f"because `{found.name}` at line {line} {how}"
        return "the run does not show why"

    def is_inside(self, frames: Sequence[Line], spans: Iterable[Span]) -> bool:
        """Tell whether the innermost frame in the file of a span lies in it."""
        for span in spans:
            path = self.absolute(span.path)
            own = [line for file, line in frames if file == path]
            if own and span.line <= own[0] <= span.end_line:
                return True
        return False

    def _is_at(self, frame: Line, spans: Iterable[Span]) -> bool:
        return any(
            frame[0] == self.absolute(span.path) and span.line <= frame[1] <= span.end_line
            for span in spans
        )

    # --------------------------------------------------------------------------- exceptions

    def _raises(self, claim: Claim, run: Run) -> Judgement:
        is_of_path = claim.finding.code.startswith("TAP2")
        asked = self.asked_at(claim.anchor if is_of_path else claim.breaks[-1], run)
        seen = seen_in(asked, claim)
        for request in asked:
            if request.error_type:
                if (
                    is_of_path
                    and request.sources
                    and not any(self._first_match(claim, source) for source in request.sources)
                ):
                    why = self._other_reason(claim, request.sources[0])
                    return _open(f"the call raises {request.error_type}, but {why}", seen)
                where = f"`{request.method}` at line {request.frames[0][1]}"
                reason = f"{where} raises {request.error_type}"
                is_sure = not request.is_invented or _is_of_tape(request.error_message)
                return _excepted(reason, seen, is_sure=is_sure)
            if claim.finding.code == "TAP306" and any(s.is_mixed for s in request.sources):
                reason = "the rows of the batch depend on each other"
                return Judgement(Verdict.CONFIRMED, reason, seen)
        if found := self.raised_at(claim.breaks, run):
            return self._exception(claim, found, seen)
        return self._not_raised(claim, run, seen, is_asked=bool(asked))

    def _exception(self, claim: Claim, found: Raised, seen: tuple[Seen, ...]) -> Judgement:
        line = self._line_of(found, claim.breaks)
        is_sure = not found.is_invented or _is_of_tape(found.message)
        return _excepted(f"line {line} raises {found.type}", seen, is_sure=is_sure)

    def _not_raised(
        self, claim: Claim, run: Run, seen: tuple[Seen, ...], *, is_asked: bool
    ) -> Judgement:
        was_run = is_asked or self._was_executed(claim.breaks, run)
        if not was_run:
            return self.not_reached(claim, run)
        if _invents(run):
            return _open("nothing is raised with inputs that were invented", seen)
        if claim.finding.code == "TAP306" and not claim.finding.message.endswith("raises"):
            return _open("nothing is raised, and the answer looks right for this input", seen)
        if claim.finding.code in LATER_TURN and not _was_seen_enough(run):
            return _open(f"the line runs, and then {_ending(run)}", seen)
        return Judgement(Verdict.REFUTED, "the line runs, and nothing is raised", seen)

    def _none_raises(self, claim: Claim, run: Run) -> Judgement:
        asked = self.asked_at(claim.anchor, run)
        if not asked:
            return self.not_reached(claim, run)
        seen = seen_in(asked, claim)
        nones = [s for a in asked for s in self._relevant(claim, a) if s.outcome == "none"]
        if not nones:
            if any(s.outcome != "value" or s.replaced for a in asked for s in a.sources):
                return _open("None does not come out of the run that was possible", seen)
            if not _was_seen_enough(run):
                return _open(f"a value comes out, and then {_ending(run)}", seen)
            return Judgement(Verdict.REFUTED, "a real gradient comes out for every source", seen)
        found = self.raised_at(claim.breaks, run)
        if found is None:
            if not self._was_executed(claim.breaks, run):
                return _open(f"None comes out, and then {_ending(run)}", seen)
            return _open("None comes out, and the line does not raise", seen)
        is_sure = not found.is_invented or _is_of_tape(found.message)
        if not is_sure or all(s.replaced or s.is_late for s in nones):
            return _open(f"raises {found.type}, with inputs that were invented", seen)
        line = self._line_of(found, claim.breaks)
        return Judgement(
            Verdict.CONFIRMED, f"None comes out, and line {line} raises {found.type}", seen
        )

    def raised_at(self, spans: Sequence[Span], run: Run) -> Raised | None:
        """Return the first exception that was raised at one of `spans`."""
        return next((r for r in run.raised if self.is_inside(r.frames, spans)), None)

    def _line_of(self, raised: Raised, spans: Sequence[Span]) -> int:
        paths = {self.absolute(span.path) for span in spans}
        return next((line for file, line in raised.frames if file in paths), 0)

    # ------------------------------------------------------------------------ other questions

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
            return _open(f"no variable is updated there: {_ending(run)}")
        wrong = [u for u in updates if not u.is_own]
        if wrong and not wrong[0].is_invented:
            others = _listed(wrong[0].gradients_of)
            reason = f"`{wrong[0].variable}` is moved by the gradient of {others}"
            return Judgement(Verdict.CONFIRMED, reason)
        if not wrong and not _invents(run):
            return Judgement(Verdict.REFUTED, "every variable is moved by its own gradient")
        return _open("the inputs were invented")

    def _no_update(self, claim: Claim, run: Run) -> Judgement:
        if found := self.raised_at(claim.breaks, run):
            return self._exception(claim, found, ())
        asked = self.asked_at(claim.anchor, run)
        if not asked:
            return self.not_reached(claim, run)
        if _invents(run) or not _came_to_end(run):
            return _open(f"whether a variable moves stays open: {_ending(run)}")
        if not run.updates:
            reason = "no variable moves, although gradients come out"
            return Judgement(Verdict.CONFIRMED, reason, seen_in(asked, claim))
        return _open("some variable is moved by a gradient", seen_in(asked, claim))

    def _no_sources(self, claim: Claim, run: Run) -> Judgement:
        asked = self.asked_at(claim.anchor, run)
        if not asked:
            return self.not_reached(claim, run)
        if any(a.is_invented for a in asked):
            return _open("the model was invented")
        if all(not a.sources for a in asked):
            return Judgement(Verdict.CONFIRMED, "the request is given no sources")
        reason = f"the request is given {len(asked[0].sources)} sources"
        return Judgement(Verdict.REFUTED, reason, seen_in(asked, claim))

    def _uneven(self, claim: Claim, run: Run) -> Judgement:
        spans = [claim.finding.span, *claim.breaks]
        if any(self._is_at(line, spans) for line in run.uneven):
            if _invents(run):
                return _open("the lists differ in length, and something in them was invented")
            return Judgement(Verdict.CONFIRMED, "the lists that `zip` pairs differ in length")
        if not self._was_executed(spans, run):
            return self.not_reached(claim, run)
        return _open("the lists that `zip` pairs have one length in this run")

    # ------------------------------------------------------------------------------- reaching

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

    def _was_executed(self, spans: Sequence[Span], run: Run) -> bool:
        return any(
            (self.absolute(span.path), line) in run.executed
            for span in spans
            for line in range(span.line, span.end_line + 1)
        )

    def not_reached(self, claim: Claim, run: Run) -> Judgement:
        """Say why the run never came to the place of the finding."""
        line = claim.anchor.line
        return Judgement(
            Verdict.INCONCLUSIVE,
            f"line {line} is not reached: {_ending(run)}",
            was_reached=False,
        )


def _excepted(reason: str, seen: tuple[Seen, ...], *, is_sure: bool) -> Judgement:
    """Confirm an exception that no invented input can have caused."""
    if not is_sure:
        return _open(f"{reason}, with inputs that were invented", seen)
    return Judgement(Verdict.CONFIRMED, reason, seen)


def _is_of_tape(message: str) -> bool:
    """Tell whether an exception is about a tape or a missing gradient, whatever the numbers."""
    return OF_TAPE.search(message) is not None


def _open(reason: str, seen: tuple[Seen, ...] = ()) -> Judgement:
    return Judgement(Verdict.INCONCLUSIVE, reason, seen)


def _invents(run: Run) -> bool:
    return bool(run.notes)


def _was_seen_enough(run: Run) -> bool:
    return run.fate == "ended" and not run.raised


def _came_to_end(run: Run) -> bool:
    return _was_seen_enough(run) and not run.is_cut


def _ending(run: Run) -> str:
    """Say how a run ended, as the second half of a sentence."""
    if run.trouble:
        return f"the witness could not be set up ({run.trouble})"
    if run.unreachable:
        return run.unreachable
    if run.raised:
        first = run.raised[0]
        at = f"line {first.frames[0][1]} raises" if first.frames else "the program raises"
        said = first.message.strip().split("\n")[0][:100]
        return f"{at} {first.type}" + (f" ({said})" if said else "")
    if run.is_cut:
        return "the program was stopped after some turns"
    if run.fate == "ended":
        return "the program ends without it"
    if run.fate == "timed out":
        return f"the run took longer than {run.seconds:.0f} seconds"
    return f"the run was {run.fate}" if run.fate.startswith("killed") else f"the run {run.fate}"


def _outcome(source: Source) -> str:
    return OUTCOMES.get(source.outcome, source.outcome)


def _name(claim: Claim, source: Source) -> str:
    if source.index < len(claim.labels) and (claim.indices is None or len(claim.labels) > 1):
        label = claim.labels[source.index]
        if len(claim.labels) > 1 or source.index == 0:
            return label
    return source.name or (claim.labels[0] if claim.labels else "the source")


def _listed(names: Iterable[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    if len(quoted) > 3:
        quoted = [*quoted[:2], f"{len(quoted) - 2} more"]
    return " and ".join(quoted)


def seen_in(asked: Sequence[Asked], claim: Claim) -> tuple[Seen, ...]:
    """Return what came out, the telling turns first told once."""
    found: dict[tuple[str, str, int], Seen] = {}
    for request in asked:
        line = request.place.line if request.place else request.frames[0][1]
        for source in request.sources:
            gave = request.error_type or (
                source.value
                if source.value and source.outcome != "none"
                else OUTCOMES.get(source.outcome, source.outcome)
            )
            name = _name(claim, source)
            found.setdefault((name, gave, line), Seen(name, gave, line, request.turn))
    return tuple(found.values())[:MOST_SEEN]


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
