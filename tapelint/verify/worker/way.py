"""The way from a source to a target: its steps, and what is to be told of one of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from tapelint.verify.worker.converted import Frame
from tapelint.verify.worker.events import Event, Key, Kind, TapeLog

# Steps of code that was not run.
STANDING_IN = (Kind.REPLACED, Kind.LIBRARY)


class Missed(Enum):
    """Why a tape did not record a step."""

    NEVER_ENTERED = "never entered"
    BEFORE = "before"
    AFTER = "after"
    PAUSED = "paused"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Break:
    """One step at which the connection ends; `dtype` is that of what it made."""

    name: str
    kind: Kind
    frames: tuple[Frame, ...]
    dtype: str = ""
    missed: Missed | None = None
    raises: bool = False


@dataclass(slots=True)
class Search:
    """The values that were made from the source, and those the target was made from."""

    data: set[Key] = field(default_factory=set)
    needed: set[Key] = field(default_factory=set)
    users: list[Event] = field(default_factory=list)
    ancestors: list[Event] = field(default_factory=list)

    end: Key = 0
    _on_way: list[Event] | None = None

    @property
    def on_way(self) -> list[Event]:
        """The steps between the two, in order."""
        if self._on_way is None:
            self._on_way = [e for e in self.ancestors if not self.data.isdisjoint(e.inputs)]
        return self._on_way

    def used_after(self, serial: int) -> set[Key]:
        """Return the values that steps behind a serial are made from, and the target."""
        used = {key for event in self.on_way if event.serial > serial for key in event.inputs}
        return used | {self.end}


def as_break(event: Event, *, missed: Missed | None = None, raises: bool = False) -> Break:
    """Return what a report needs of a step."""
    dtypes = [str(getattr(getattr(v, "dtype", None), "name", "")) for v in event.values]
    return Break(
        event.name, event.kind, event.frames, next(filter(None, dtypes), ""), missed, raises
    )


def missed_by(event: Event, log: TapeLog) -> Missed:
    """Say why a tape did not record a step."""
    if not log.entered:
        return Missed.NEVER_ENTERED
    if log.number in event.tapes:
        return Missed.RESET
    if log.left is not None and event.serial > log.left:
        return Missed.AFTER
    return Missed.PAUSED if log.first_entered < event.serial else Missed.BEFORE
