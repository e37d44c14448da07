"""What TensorFlow and what tapelint say of a program: for each source, whether its gradient is None."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tapelint.analysis.graph import Effect
from tapelint.analysis.observations import GradientAsked
from tapelint.analysis.program import Program
from tapelint.analysis.stack import with_large_stack
from tapelint.analysis.syntax import Unit
from tapelint.source.read import SourceText


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One source of one program on which the two answers differ."""

    seed: int
    source: int
    is_false_alarm: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """A program that ran: how many sources were asked for and lost, and where the two differ."""

    sources: int
    lost: int
    disagreements: tuple[Disagreement, ...]


def lost_statically(text: str) -> tuple[bool, ...]:
    """Return, for each source of each request, whether tapelint says that it is lost."""
    unit = Unit(SourceText("program.py", text))
    observations = with_large_stack(lambda: Program().run_module(unit.body))
    said: list[bool] = []
    for asked in observations:
        if isinstance(asked, GradientAsked):
            # Zeros are reported too, but they are an answer.
            lost = {
                one.source
                for one in asked.lost
                if not all(b.edge is not None and b.edge.effect is Effect.ZEROS for b in one.breaks)
            }
            said += [node in lost for node in asked.sources]
    return tuple(said)


def lost_really(text: str) -> tuple[bool, ...] | None:
    """Return, for each source, whether TensorFlow gives None; None where the program raises."""
    names: dict[str, Any] = {"__name__": "program"}
    try:
        exec(compile(text, "program.py", "exec"), names)
    except Exception:  # noqa: BLE001 -- a program may be wrong in any way
        return None
    return tuple(answer is None for answer in names["answers"])


def compare(seed: int, text: str) -> Comparison | None:
    """Return where the two disagree on a program, None where it does not run."""
    really = lost_really(text)
    if really is None:
        return None
    statically = lost_statically(text)
    differing = tuple(
        Disagreement(seed, index, is_false_alarm=said)
        for index, (said, is_lost) in enumerate(zip(statically, really, strict=True))
        if said != is_lost
    )
    return Comparison(len(really), sum(really), differing)
