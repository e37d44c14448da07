"""What the program has told so far, in types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tapelint.verify.observed import Asked, Source, asked_from

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Site:
    """A place that asks for gradients: the user's lines, and columns (in bytes) where known."""

    number: int
    method: str
    frames: tuple[tuple[str, int], ...]
    position: tuple[int, int, int, int] | None


@dataclass(frozen=True, slots=True)
class Sighting:
    """One source of one site, and what it got first: `outcome` is none, nan, inf or zero.

    `count` is the number of sources, None where it is not known. `is_inferred` holds where not the
    gradient was seen, but what it did to its variable. `asked` and `source` are there
    where the turn was recorded.
    """

    site: Site
    index: int
    outcome: str
    turn: int
    name: str = ""
    count: int | None = None
    is_symbolic: bool = False
    is_inferred: bool = False
    asked: Asked | None = None
    source: Source | None = None

    @property
    def key(self) -> tuple[int, int, str]:
        """What makes two sightings the same."""
        return (self.site.number, self.index, self.outcome)


@dataclass(slots=True)
class Heard:
    """Everything that was told. `refused` has the interpreter that lacks TensorFlow."""

    sites: dict[int, Site] = field(default_factory=dict)
    explained: dict[tuple[int, int, str], tuple[Asked, Source]] = field(default_factory=dict)
    tensorflow: str = ""
    python: str = ""
    refused: str = ""
    trouble: str = ""

    def event(self, event: Json) -> tuple[list[Sighting], list[tuple[int, int, str]]]:
        """Take in an event; return what it shows for the first time, and what it explains."""
        match event.get("event"):
            case "site":
                site = _site(event)
                self.sites[site.number] = site
            case "seen":
                return self._seen(event), []
            case "request":
                return [], self._explained(event)
            case "tensorflow":
                self.tensorflow = str(event.get("version", ""))
                self.python = str(event.get("python", ""))
            case "refused":
                self.refused = str(event.get("python", ""))
            case "trouble":
                self.trouble = self.trouble or str(event.get("what", ""))
            case _:
                pass
        return [], []

    def _seen(self, event: Json) -> list[Sighting]:
        site = self.sites.get(_number(event.get("site"), -1))
        if site is None:
            return []
        count = event.get("count")
        listed = event.get("sources")
        return [
            Sighting(
                site,
                _number(entry.get("index")),
                str(entry.get("outcome")),
                _number(event.get("turn"), 1),
                str(entry.get("name", "")),
                count if isinstance(count, int) else None,
                event.get("is_symbolic") is True,
                event.get("is_inferred") is True,
            )
            for entry in (listed if isinstance(listed, list) else [])
        ]

    def _explained(self, event: Json) -> list[tuple[int, int, str]]:
        asked = asked_from(event)
        number = _number(event.get("site"), -1)
        found = []
        for source in asked.sources:
            key = (number, source.index, source.outcome)
            if key not in self.explained:
                self.explained[key] = (asked, source)
                found.append(key)
        return found


def _site(event: Json) -> Site:
    position, frames = event.get("position"), event.get("frames")
    return Site(
        _number(event.get("site")),
        str(event.get("method", "gradient")),
        tuple((str(f), int(n)) for f, n in (frames if isinstance(frames, list) else [])),
        tuple(position) if isinstance(position, list) and len(position) == 4 else None,
    )


def _number(value: object, default: int = 0) -> int:
    return value if isinstance(value, int) else default
