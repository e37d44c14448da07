"""Which persistent tapes are asked once, and which a loop keeps beyond their last request.

A tape that code outside the analysis may hold, or that an object keeps, may be asked by anybody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tapelint.analysis.ir import Place
from tapelint.analysis.observations import RequestMisused
from tapelint.analysis.values import TapeValue, Value

if TYPE_CHECKING:
    from tapelint.analysis.machine import Machine

ONCE, KEPT = "asked once", "kept in a loop"


@dataclass(slots=True, eq=False)
class Persistent:
    """A tape that was made with `persistent=True`."""

    place: Place
    in_loop: bool
    requests: list[Place] = field(default_factory=list)
    is_deleted: bool = False
    # Somebody may ask it whom we do not see, or it was asked for what takes a persistent tape.
    is_needed: bool = False


def note_made(machine: Machine, tape: TapeValue) -> None:
    """Note a persistent tape."""
    in_loop = bool(machine.function_frame().loops)
    machine.persistent[tape.identity] = Persistent(tape.place, in_loop)


def note_request(machine: Machine, tape: TapeValue, place: Place, is_needed: bool) -> None:
    """Note a request; `is_needed`: it is one that a tape which is not persistent refuses."""
    found = machine.persistent.get(tape.identity)
    if found is not None:
        found.requests.append(place)
        found.is_needed |= is_needed


def note_deleted(machine: Machine, value: Value | None) -> None:
    """Note `del tape`."""
    if isinstance(value, TapeValue) and value.identity in machine.persistent:
        machine.persistent[value.identity].is_deleted = True


def note_shared(machine: Machine, value: Value) -> None:
    """Note tapes that somebody else may ask from now on."""
    for tape in machine.tapes_in(value):
        if tape.identity in machine.persistent:
            machine.persistent[tape.identity].is_needed = True


def observe(machine: Machine) -> None:
    """Report, at the end of the program, the tapes of each place that need not be persistent."""
    by_place: dict[Place, list[Persistent]] = {}
    for tape in machine.persistent.values():
        by_place.setdefault(tape.place, []).append(tape)
    for place, tapes in by_place.items():
        asked = [tape for tape in tapes if tape.requests]
        if not asked or any(tape.is_needed for tape in tapes):
            continue
        if all(len(tape.requests) == 1 for tape in asked):
            machine.observe(RequestMisused(place, ONCE, "", asked[0].requests[0]))
        elif all(tape.in_loop and not tape.is_deleted for tape in asked):
            machine.observe(RequestMisused(place, KEPT, "", asked[0].requests[-1]))
