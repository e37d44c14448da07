"""Which of the user's lines asks for a gradient."""

from __future__ import annotations

import itertools
import os
import site
import sys
import sysconfig
import threading
from collections import Counter
from dataclasses import dataclass, field
from types import CodeType, FrameType

from tapelint.verify.worker.converted import Converted, Frame, is_generated

MOST_FRAMES = 12
Position = tuple[int, int, int, int]


class UserFiles:
    """Tells the user's files from what is installed; `folder` is the user's wherever it lies."""

    def __init__(self, folder: str = "") -> None:
        paths = sysconfig.get_paths()
        foreign = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
        foreign += [p for p in sys.path if p.endswith(("site-packages", "dist-packages"))]
        foreign += [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
        own = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        self.foreign = tuple({os.path.realpath(path) + os.sep for path in (*foreign, own)})
        self.folder = os.path.realpath(folder or os.getcwd()) + os.sep

    def __call__(self, name: str) -> bool:
        """Tell whether a code object's file is the user's."""
        if not name.endswith((".py", ".pyw")) or name.startswith("<"):
            return not os.path.splitext(name)[1] and os.path.isfile(name)
        real = os.path.realpath(name)
        if not os.path.isfile(real):
            return False
        foreign = [folder for folder in self.foreign if real.startswith(folder)]
        if not foreign:
            return True
        # for: -m package.train, where the package is installed
        return real.startswith(self.folder) and len(self.folder) > max(map(len, foreign))


@dataclass(slots=True, eq=False)
class Site:
    """One place in the user's files that asks for gradients, and what it gave so far.

    `position` is where the call stands (lines, and columns in bytes from 0), as far as Python
    knows. `told` are the outcomes by source that have been told of already.
    """

    number: int
    method: str
    frames: tuple[Frame, ...]
    position: Position | None
    calls: int = 0
    nones: int = 0
    nans: int = 0
    zeros: int = 0
    checks: int = 0
    seconds: float = 0.0
    since: float = 0.0
    told: set[tuple[int, str]] = field(default_factory=set)
    zero_turns: Counter[int] = field(default_factory=Counter)
    windows: int = 0


class Sites:
    """All sites of a program by the line of the user's that leads to them."""

    def __init__(self, is_user_file: UserFiles, converted: Converted) -> None:
        self.is_user_file = is_user_file
        self.converted = converted
        self.known: dict[object, Site] = {}
        # Code objects are kept alive, so that no other one gets their address.
        self.kinds: dict[int, tuple[CodeType, bool]] = {}
        self.numbers: Counter[str] = Counter()

    def at(self, frame: FrameType, method: str) -> tuple[Site, bool] | None:
        """Return the site that a call comes from, and whether it is new; None if none is.

        A thread of a library's works for the main one: a replica for `fit`.
        """
        found = self._above(frame, method)
        main = threading.main_thread().ident
        if found is None and main != threading.get_ident():
            return self._above(sys._current_frames().get(main or 0), method)
        return found

    def _above(self, frame: FrameType | None, method: str) -> tuple[Site, bool] | None:
        while frame is not None:
            code = frame.f_code
            kind = self.kinds.get(id(code))
            if kind is None:
                kind = self.kinds[id(code)] = (code, self._is_user_code(code))
            if kind[1]:
                key = (id(code), frame.f_lasti, method)
                found = self.known.get(key)
                if found is not None:
                    return found, False
                return self._new(frame, method, key)
            frame = frame.f_back
        return None

    def _is_user_code(self, code: CodeType) -> bool:
        name: str | None = code.co_filename
        if is_generated(code.co_filename):
            name = self.converted.file(code.co_filename)
        return name is not None and self.is_user_file(name)

    def _new(self, frame: FrameType, method: str, key: object) -> tuple[Site, bool] | None:
        frames = self._frames(frame)
        if not frames:
            return None
        is_converted = frames[0][0] != frame.f_code.co_filename
        position = None if is_converted else _position(frame)
        # A function that is converted again is the same place all the same.
        place = (frames[0], position, method)
        found = self.known.get(place)
        is_new = found is None
        if found is None:
            self.numbers["sites"] += 1
            found = Site(self.numbers["sites"] - 1, method, frames, position)
        self.known[key] = self.known[place] = found
        return found, is_new

    def _frames(self, frame: FrameType | None) -> tuple[Frame, ...]:
        found: list[Frame] = []
        while frame is not None and len(found) < MOST_FRAMES:
            name, line = frame.f_code.co_filename, frame.f_lineno
            place = self.converted.origin(name, line) if is_generated(name) else (name, line)
            if place is not None and self.is_user_file(place[0]):
                found.append(place)
            frame = frame.f_back
        return tuple(found)


def _position(frame: FrameType) -> Position | None:
    positions = getattr(frame.f_code, "co_positions", None)
    if positions is None:  # Python 3.10
        return None
    found = next(itertools.islice(positions(), frame.f_lasti // 2, None), None)
    if found is None or None in found:
        return None
    line, end_line, column, end_column = found
    return (line, column, end_line, end_column)
