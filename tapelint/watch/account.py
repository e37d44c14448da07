"""Keeps the account of a run: what was seen, what has been told, and the sum in the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tapelint.model import Finding
from tapelint.settings import Settings
from tapelint.watch.findings import Findings
from tapelint.watch.sightings import Heard, Sighting

# So long a sighting waits for its site to be recorded.
PATIENCE = 3.0
PER_SITE = 4


@dataclass(frozen=True, slots=True)
class Counts:
    """How many calls there were, and how many gave each outcome."""

    calls: int = 0
    none: int = 0
    nan: int = 0
    zero: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.calls + other.calls,
            self.none + other.none,
            self.nan + other.nan,
            self.zero + other.zero,
        )


@dataclass(slots=True)
class _Pending:
    sightings: list[Sighting] = field(default_factory=list)
    deadline: float = 0.0


class Account:
    """Takes in events, and hands findings to `tell`, each of them once."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        tell: Callable[[Finding], None],
        *,
        in_process: bool = False,
    ) -> None:
        self.heard = Heard()
        self.made = Findings(self.heard, settings, folder, in_process=in_process)
        self.tell = tell
        self.findings: dict[object, Finding] = {}
        self.pending: dict[int, _Pending] = {}
        self.open: dict[tuple[int, int, str], Sighting] = {}
        self.outcomes: set[str] = set()

    def event(self, event: Mapping[str, object] | None) -> None:
        """Take in an event; None lets what has waited long enough be told."""
        if event is not None:
            self.note(event)
        now = time.monotonic()
        for number, entry in list(self.pending.items()):
            is_done = all(self._is_final(sighting) for sighting in entry.sightings)
            if is_done or now > entry.deadline:
                self._release(number)

    def note(self, event: Mapping[str, object]) -> None:
        """Take in an event, and tell nothing yet."""
        sightings, explained = self.heard.event(event)
        for sighting in sightings:
            self._see(sighting)
        for key in explained:
            if key in self.open:
                self._see(self.open[key])

    def finish(self) -> None:
        """Tell what is still open."""
        for number in list(self.pending):
            self._release(number)

    def counts(self, numbers: Sequence[int]) -> Mapping[int, Counts]:
        """Return the counts of each site from the counters of the program."""
        return {
            number: Counts(*numbers[number * PER_SITE : (number + 1) * PER_SITE])
            for number in self.heard.sites
        }

    def _see(self, sighting: Sighting) -> None:
        self.open[sighting.key] = sighting
        entry = self.pending.setdefault(sighting.site.number, _Pending())
        if not entry.sightings:
            entry.deadline = time.monotonic() + PATIENCE
        if sighting not in entry.sightings:
            entry.sightings.append(sighting)

    def _is_final(self, sighting: Sighting) -> bool:
        return sighting.is_symbolic or self.made.is_explained(sighting)

    def _release(self, number: int) -> None:
        entry = self.pending.pop(number)
        for finding, members in self.made.of(entry.sightings):
            for member in members:
                if self._is_final(member):
                    self.open.pop(member.key, None)
            mark = (finding.code, finding.span, finding.message)
            if mark in self.findings:
                continue
            self._replace_vaguer(finding, members)
            self.findings[mark] = finding
            if not self.made.expects_none(members[0].site) or members[0].outcome != "none":
                self.outcomes |= {member.outcome for member in members}
            self.tell(finding)

    def _replace_vaguer(self, finding: Finding, members: Sequence[Sighting]) -> None:
        """Let a finding that says why stand for an earlier one that did not."""
        span = self.made.span_of(members[0].site)
        for mark, earlier in list(self.findings.items()):
            is_vague = earlier.code.startswith("TAP8") and earlier.span == span
            if is_vague and _outcome(earlier) == _outcome(finding):
                del self.findings[mark]


def _outcome(finding: Finding) -> str:
    seen = finding.evidence.seen if finding.evidence else ()
    return seen[0].gave if seen else ""


def sums(counts: Mapping[int, Counts]) -> Counts:
    """Return the counts of all sites together."""
    total = Counts()
    for each in counts.values():
        total = total + each
    return total
