"""A boundary that takes no failure for the last word: what raises gives something unknown instead.

For programs that were fed invented inputs and did not get to their gradient call with them. What is
replaced so depends on all that went in, like any other stand-in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tapelint.verify.worker.boundary import Boundary
from tapelint.verify.worker.standin import StandIn, closed

# By these a program tells itself something.
TELLING = (StopIteration, StopAsyncIteration, GeneratorExit)


class Tolerant(Boundary):
    """Replaces the result of what raises, unless the awaited call lies within."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.replaced_parts: dict[tuple[int, object], tuple[Any, StandIn]] = {}

    def call(self, place: int, function: Any, *arguments: Any, **keywords: Any) -> Any:
        """`function(*arguments, **keywords)`"""
        try:
            return super().call(place, function, *arguments, **keywords)
        except Exception as error:
            if self._is_final(function, error):
                raise
            name = str(getattr(function, "__name__", type(function).__name__))
            given = [*arguments, *keywords.values()]
            return self._instead(f"{name}()", error, given, function)

    def item(self, place: int, holder: Any, index: Any) -> Any:
        """`holder[index]`"""
        try:
            return super().item(place, holder, index)
        except Exception as error:
            if isinstance(error, TELLING):
                raise
            return self._part(holder, ("item", repr(index)[:40]), f"[{index!r}]"[:40], error)

    def attribute(self, place: int, holder: Any, name: str) -> Any:
        """`holder.name`"""
        try:
            return getattr(closed(holder), name)
        except Exception as error:
            # A module or class that has no such name has a version of it for that.
            if isinstance(error, TELLING) or name.startswith("__"):
                raise
            return self._part(holder, name, f".{name}", error)

    def unpack(self, place: int, value: Any, count: int) -> Any:
        """`a, b = value`; `count` is negative where one of the targets has a star."""
        found = super().unpack(place, value, count)
        try:
            is_right = count < 0 or len(list(found)) == count
            if is_right and type(found) in (list, tuple):
                return found
        except Exception as error:  # noqa: BLE001 - whatever is no sequence
            problem: Exception = error
        else:
            problem = ValueError("another number of values")
            if is_right:
                return found
        made = self._instead("unpacked", problem, [found])
        return self.workshop.unpacked(made, count)

    def _operated(
        self, place: int, function: Callable[[Any, Any], Any], sign: str, left: Any, right: Any
    ) -> Any:
        try:
            return super()._operated(place, function, sign, left, right)
        except Exception as error:
            if isinstance(error, TELLING):
                raise
            return self._instead(f"({sign})", error, [left, right], function)

    def _is_final(self, function: Any, error: Exception) -> bool:
        """Tell whether an exception is to be raised after all."""
        if isinstance(error, TELLING) or self.is_request(function):
            return True
        return self.awaited.is_within(function)

    def _part(self, holder: Any, key: object, shown: str, error: Exception) -> Any:
        """Return what stands in for a part that something does not have, always the same."""
        known = self.replaced_parts.get((id(holder), key))
        if known is not None and known[0] is holder:
            return known[1]
        name = str(getattr(holder, "__name__", type(holder).__name__))
        made = self._instead(f"{name}{shown}", error, [holder])
        # The holder is kept: its address must not become another's.
        self.replaced_parts[id(holder), key] = (holder, made)
        return made

    def _instead(
        self, name: str, error: Exception, given: Sequence[Any], function: Any = None
    ) -> StandIn:
        said = str(error).strip().split("\n")[0][:60]
        frames = self.recorder.frames()
        at = f"line {frames[0][1]}: " if frames else ""
        self.workshop.say(f"{at}`{name}` is invented ({type(error).__name__}: {said})")
        return self.workshop.result(name, given, function=function)
