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
    "compute_gradients(", ".get_gradients(",
)  # fmt: skip

# Keras opens a tape itself where it trains. The word `fit` alone is that of many libraries.
TRAINING = (".fit(", ".fit_generator(", ".train_on_batch(")
LIBRARIES = ("keras", "tensorflow")
_BLOCK = 1 << 20


def may_hold_tape(data: bytes, words: Sequence[str] = MARKERS) -> bool:
    """Tell whether a whole file may hold a tape, or another of the words."""
    return _Seen(data, words).take(data)


def file_may_hold_tape(path: Path, words: Sequence[str] = MARKERS) -> bool:
    """Tell whether the file at `path` may hold a tape; raise `Unreadable` where it has no bytes.

    The file is looked at in blocks: of a file that is too large to be checked nobody needs to
    hear if it holds no tape.
    """
    descriptor = opened(path)
    try:
        block = os.read(descriptor, _BLOCK)
        seen = _Seen(block, words)
        overlap = seen.longest - 1
        while block:
            if seen.take(block):
                return True
            # A read of less than was asked for may still not be the last one.
            following = os.read(descriptor, _BLOCK)
            block = block[-overlap:] + following if following else b""
        return False
    except OSError as error:
        raise Unreadable(f"the file cannot be read: {reason(error)}") from None
    finally:
        os.close(descriptor)


class _Seen:
    """The words that a file holds, as far as it was read."""

    def __init__(self, start: bytes, words: Sequence[str]) -> None:
        # Python runs no UTF-16, but a script saved that way is a mistake its owner wants to know of.
        encoding = wide_encoding(start) or "ascii"
        signs = ((words,), (TRAINING, LIBRARIES))
        self.missing = [
            [tuple(word.encode(encoding) for word in words) for words in sign] for sign in signs
        ]
        self.longest = max(len(w) for sign in self.missing for words in sign for w in words)

    def take(self, data: bytes) -> bool:
        """Look through the next bytes; return whether the file may hold a tape."""
        for sign in self.missing:
            sign[:] = [words for words in sign if not any(word in data for word in words)]
        return not all(self.missing)
