"""Which of the user's lines led to what happens now, asked for every operation that is recorded."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import CodeType, FrameType

from tapelint.verify.worker.converted import Converted, Frame, is_generated

MOST_FRAMES = 12
RESUMED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


class Stack:
    """Walks the stack by code objects and offsets; lines are worked out once for each such way."""

    def __init__(self, is_user_file: Callable[[str], bool], converted: Converted) -> None:
        self.is_user_file = is_user_file
        self.converted = converted
        # Of files: whether they are the user's, None for those that autograph wrote.
        self.kinds: dict[str, bool | None] = {}
        # Code objects are kept alive, so that no other one gets their address.
        self.known: dict[tuple[int, ...], tuple[tuple[Frame, ...], list[CodeType]]] = {}
        # The frame that called the outermost of the user's: below it there are none.
        self.base: FrameType | None = None

    def frames(self, depth: int = 1) -> tuple[Frame, ...]:
        """Return the user's lines, the innermost first, from `depth` frames above this one."""
        kinds, base = self.kinds, self.base
        way: list[int] = []
        last: FrameType | None = None
        frame: FrameType | None = sys._getframe(depth)
        start = frame
        while frame is not base and frame is not None:
            code = frame.f_code
            try:
                is_users = kinds[code.co_filename]
            except KeyError:
                is_users = self._kind(code.co_filename)
            if is_users is not False:
                way += (id(code), frame.f_lasti)
                if len(way) >= 2 * MOST_FRAMES:
                    break
                last = frame
            frame = frame.f_back
        else:
            if frame is None and last is not None:
                self._rest_on(last.f_back)
        key = tuple(way)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self._lines(start)
        return found[0]

    def forget(self) -> None:
        """Hold no frame any more."""
        self.base = None

    def _rest_on(self, frame: FrameType | None) -> None:
        """Take a frame for the one that calls the user's code.

        While it runs, those below it stay what they are: a frame is called once. Only what is
        resumed may be so from elsewhere. It is kept, so that no other one is taken for it.
        """
        if frame is not None and not frame.f_code.co_flags & RESUMED:
            self.base = frame

    def _kind(self, name: str) -> bool | None:
        kind = True if self.is_user_file(name) else None if is_generated(name) else False
        self.kinds[name] = kind
        return kind

    def _lines(self, frame: FrameType | None) -> tuple[tuple[Frame, ...], list[CodeType]]:
        found: list[Frame] = []
        codes: list[CodeType] = []
        count = 0
        while frame is not None and frame is not self.base and count < MOST_FRAMES:
            code = frame.f_code
            kind = self.kinds.get(code.co_filename, False)
            if kind is not False:
                count += 1
                codes.append(code)
                place: Frame | None = (code.co_filename, frame.f_lineno)
                if kind is None:
                    place = self.converted.origin(code.co_filename, frame.f_lineno)
                    if place is not None and not self.is_user_file(place[0]):
                        place = None
                if place is not None:
                    found.append(place)
            frame = frame.f_back
        return tuple(found), codes
