"""Tell from the raw bytes that a file cannot hold a tape, so that it is never decoded or parsed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tapelint.source.read import Unreadable, opened, reason, wide_encoding

MARKERS = ("GradientTape",)
# What was written before there were tapes: asked for by the rules about that alone.
OLD_MARKERS = (
    ".gradients(", ".hessians(", ".minimize(", "get_scaled_loss", "get_unscaled_gradients",
    "_compute_gradients(", ".get_gradients(",
)  # fmt: skip

_BLOCK = 1 << 20


def may_hold_tape(data: bytes, words: Sequence[str] = MARKERS) -> bool:
    """Tell whether a whole file may hold a tape, or another of the words."""
    return _holds_any(data, _spelled(data, words))


def file_may_hold_tape(path: Path, words: Sequence[str] = MARKERS) -> bool:
    """Tell whether the file at `path` may hold a tape; raise `Unreadable` where it has no bytes.

    The file is looked at in blocks: of a file that is too large to be checked nobody needs to
    hear if it holds no tape.
    """
    descriptor = opened(path)
    try:
        block = os.read(descriptor, _BLOCK)
        markers = _spelled(block, words)
        overlap = max(map(len, markers)) - 1
        while block:
            if _holds_any(block, markers):
                return True
            # A read of less than was asked for may still not be the last one.
            following = os.read(descriptor, _BLOCK)
            block = block[-overlap:] + following if following else b""
        return False
    except OSError as error:
        raise Unreadable(f"the file cannot be read: {reason(error)}") from None
    finally:
        os.close(descriptor)


def _spelled(start: bytes, words: Sequence[str]) -> tuple[bytes, ...]:
    """Return the words as this file spells them.

    Python runs no UTF-16, but a script saved that way is a mistake its owner wants to know of.
    """
    encoding = wide_encoding(start) or "ascii"
    return tuple(word.encode(encoding) for word in words)


def _holds_any(data: bytes, markers: tuple[bytes, ...]) -> bool:
    return any(marker in data for marker in markers)
