"""Intervals of numbers, as far as they are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Stands for "above zero, however little".
TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Range:
    """All numbers of a value lie in [low, high].

    `zero`: some element is known to be zero; `zero_row`: a whole row of elements is.
    """

    low: float = -math.inf
    high: float = math.inf
    zero: bool = False
    zero_row: bool = False

    @property
    def is_away_from_zero(self) -> bool:
        """Whether no element can be zero."""
        return self.low > 0 or self.high < 0

    @property
    def is_bounded(self) -> bool:
        """Whether `exp` of it neither overflows nor vanishes in float32."""
        return self.low >= -80 and self.high <= 80


UNKNOWN = Range()


def hull(parts: Sequence[Range]) -> Range:
    """Return the smallest range that holds all of the parts."""
    if not parts:
        return UNKNOWN
    return Range(
        min(p.low for p in parts),
        max(p.high for p in parts),
        any(p.zero for p in parts),
        any(p.zero_row for p in parts),
    )


def bounded(*ranges: Range) -> bool:
    """Whether each has an end, so that their difference may have one."""
    return all(math.isfinite(r.low) or math.isfinite(r.high) for r in ranges)
