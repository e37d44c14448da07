"""The programs on the pages of this folder, written as those of `tests/analysis/semantics/`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from observed import BLOCK, HEADING, Program

HERE = Path(__file__).parent
# Written above every program, on one line of its own.
PRELUDE = "import numpy as np; import tensorflow as tf; from tensorflow import keras\n"


def programs() -> Iterator[Program]:
    """Yield every program of every page, in order."""
    for path in sorted(HERE.glob("*.md")):
        _, *sections = HEADING.split(path.read_text(encoding="utf-8"))
        for heading, body in zip(sections[::2], sections[1::2], strict=True):
            for position, block in enumerate(BLOCK.findall(body)):
                yield Program(path.stem, heading, position, PRELUDE + block)
