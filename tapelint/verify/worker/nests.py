"""What the values of a program hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def leaves(value: Any, depth: int = 4, most: int = 256) -> Iterator[Any]:
    """Yield what a nest of lists, tuples and dicts holds, within reason."""
    pending = [(value, depth)]
    while pending and most:
        current, left = pending.pop()
        if isinstance(current, (list, tuple, set)) and left:
            pending += [(element, left - 1) for element in list(current)[:most]]
        elif isinstance(current, dict) and left:
            pending += [(element, left - 1) for element in list(current.values())[:most]]
        else:
            most -= 1
            yield current
