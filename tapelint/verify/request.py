"""What the worker is asked to run. One request is one witness in one world and one mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class World(Enum):
    """What an unknown input is taken for."""

    TENSOR = "tensor"
    VARIABLE = "variable"


class Mode(Enum):
    """How functions under `tf.function` run."""

    EAGER = "eager"
    GRAPH = "graph"
    XLA = "xla"


class Way(Enum):
    """What is run: a whole script, one function with invented arguments, or a slice of one."""

    SCRIPT = "script"
    REPLAY = "replay"
    SLICE = "slice"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one witness may use."""

    seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Request:
    """One witness.

    `main` is the absolute path of the file, `texts` the sources of the project's files as tapelint
    read them, `roots` the folders that imports start from. `line` is a line of the gradient call
    that is to be reached, `sites` those of all calls that matter. `turns` cuts loops short. `nudge`
    is a line and numbers, by which the first value made on that line is moved; with `fills` that
    value becomes the numbers. `seeks` are lines (path, first, last) with an operation that may be
    singular: the value of `nudge` stays as it is, and numbers are sought that would make it so.
    With `is_tolerant` what raises is invented. In `modes` gradients are computed once more from
    what was recorded. `is_second` tells a run that is done twice from the
    first: the worker does not hear of it.
    """

    main: str
    texts: Mapping[str, str]
    roots: tuple[str, ...]
    way: Way = Way.SCRIPT
    line: int = 0
    sites: tuple[int, ...] = ()
    world: World = World.TENSOR
    mode: Mode = Mode.EAGER
    turns: int | None = None
    nudge: tuple[int, tuple[float, ...]] | None = None
    fills: bool = False
    seeks: tuple[tuple[str, int, int], ...] = ()
    modes: tuple[Mode, ...] = ()
    is_tolerant: bool = False
    seed: int = 7
    is_second: bool = False
    limits: Limits = field(default_factory=Limits)

    def message(self) -> dict[str, object]:
        """Return the request as it goes over the pipe."""
        return {
            "main": self.main,
            "texts": dict(self.texts),
            "roots": list(self.roots),
            "readable": list(self.roots),
            "way": self.way.value,
            "line": self.line,
            "sites": list(self.sites),
            "world": self.world.value,
            "functions": self.mode.value,
            "turns": self.turns,
            "nudge": self._nudge(),
            "seeks": [list(place) for place in self.seeks],
            "tolerant": self.is_tolerant,
            "modes": [mode.value for mode in self.modes],
            "seed": self.seed,
            "limits": {"seconds": self.limits.seconds},
        }

    def _nudge(self) -> dict[str, object] | None:
        if self.nudge is None:
            return None
        return {"line": self.nudge[0], "numbers": list(self.nudge[1]), "fills": self.fills}
