"""A verdict on one run, and the words for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tapelint.model import ModeAnswer, Seen, Verdict
from tapelint.verify.claims import Claim
from tapelint.verify.observed import Asked, Run, Source

MOST_SEEN = 8
# What TensorFlow calls a variable that was given no name.
UNNAMED = "Variable"
OF_TAPE = re.compile(
    r"non-persistent GradientTape|Tape is (still|already) recording|NoneType|\(None\)"
    r"|No gradients provided|gradient registry has no entry"
)
OUTCOMES = {"none": "None", "zero": "zeros", "value": "a value", "nan": "nan", "inf": "inf"}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict on one run. `reason` is one sentence, `was_reached` whether the call ran at all.

    `is_invented` holds where a source is an invented input: then its type was a guess. `assumed`
    counts the assumptions of the run that had been made by then, None for all. `is_python` holds
    where Python or NumPy ended the gradient: in a graph they work otherwise, or not at all. `modes`
    is what other modes gave; `is_open` holds where only code that was not run is in the way.
    """

    verdict: Verdict
    reason: str
    seen: tuple[Seen, ...] = ()
    was_reached: bool = True
    is_invented: bool = False
    assumed: int | None = None
    is_python: bool = False
    modes: tuple[ModeAnswer, ...] = ()
    is_open: bool = False


def undecided(reason: str, seen: tuple[Seen, ...] = (), *, is_open: bool = False) -> Judgement:
    """Return a judgement that leaves a claim open."""
    return Judgement(Verdict.INCONCLUSIVE, reason, seen, is_open=is_open)


def excepted(reason: str, seen: tuple[Seen, ...], *, is_sure: bool) -> Judgement:
    """Confirm an exception that no invented input can have caused."""
    if not is_sure:
        return undecided(f"{reason}, with inputs that were invented", seen)
    return Judgement(Verdict.CONFIRMED, reason, seen)


def is_of_tape(message: str) -> bool:
    """Tell whether an exception is about a tape or a missing gradient, whatever the numbers."""
    return OF_TAPE.search(message) is not None


def invents(run: Run) -> bool:
    """Tell whether a run made any assumption."""
    return bool(run.notes)


def was_seen_enough(run: Run) -> bool:
    """Tell whether nothing ended a program before its time."""
    return run.fate == "ended" and not run.raised


def came_to_end(run: Run) -> bool:
    """Tell whether a program ran to its last line."""
    return was_seen_enough(run) and not run.is_cut


def ending(run: Run) -> str:
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


def outcome_of(source: Source) -> str:
    """Say what came out for a source."""
    return OUTCOMES.get(source.outcome, source.outcome)


def name_of(claim: Claim, source: Source) -> str:
    """Return what the program calls a source."""
    if source.index < len(claim.labels) and (claim.indices is None or len(claim.labels) > 1):
        label = claim.labels[source.index]
        if len(claim.labels) > 1 or source.index == 0:
            return label
    return source.name or (claim.labels[0] if claim.labels else "the source")


def _one_of_many(claim: Claim, request: Asked, source: Source) -> str:
    """Return what to call a source where all of them are written as one, else nothing."""
    if len(request.sources) == 1 or len(claim.labels) != 1:
        return ""
    return source.name if source.name != UNNAMED else f"{claim.labels[0]}[{source.index}]"


def listed(names: Iterable[str]) -> str:
    """Return names as part of a sentence."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) > 3:
        quoted = [*quoted[:2], f"{len(quoted) - 2} more"]
    return " and ".join(quoted)


def seen_in(asked: Sequence[Asked], claim: Claim) -> tuple[Seen, ...]:
    """Return what came out for each source: a value once, and whatever else when it first came.

    Where that is much, values give way.
    """
    found: dict[tuple[str, str, int], Seen] = {}
    for request in asked:
        line = request.place.line if request.place else request.frames[0][1]
        for source in request.sources:
            outcome = request.error_type or source.outcome
            has_value = source.value and outcome not in ("none", request.error_type)
            gave = source.value if has_value else OUTCOMES.get(outcome, outcome)
            name = _one_of_many(claim, request, source) or name_of(claim, source)
            found.setdefault((name, outcome, line), Seen(name, gave, line, request.turn))
    telling = [key for key in found if key[1] != "value"]
    kept = {
        *telling,
        *[key for key in found if key not in telling][: max(MOST_SEEN - len(telling), 0)],
    }
    return tuple(seen for key, seen in found.items() if key in kept)[:MOST_SEEN]
