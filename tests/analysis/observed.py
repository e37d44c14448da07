"""Run programs on the abstract tape, and say in few words what it saw on which line.

A program states what is to be seen in trailing comments: `# lost: w, b` where a gradient is asked
and these sources get None (`# zeros: w` where they get zeros), `# break: numpy` where the way to
them is cut (or, for a source that was never on the tape, where it was made), `# raises: exhausted`
where TensorFlow raises. A program without comments loses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tapelint.analysis import program
from tapelint.analysis.graph import Effect
from tapelint.analysis.observations import (
    Break,
    Cause,
    GradientAsked,
    Lost,
    Observation,
    TapeExhausted,
    TapeMisused,
    Traced,
    VariableAugmented,
)
from tapelint.analysis.stack import with_large_stack
from tapelint.analysis.syntax import Unit
from tapelint.source.read import SourceText

HERE = Path(__file__).parent
# Written above every program, on one line of its own.
PRELUDE = "import numpy as np; import tensorflow as tf\n"
# The folders of pages, each with its own prelude.
PAGES = (
    ("semantics", PRELUDE),
    ("keras", "import numpy as np; import tensorflow as tf; from tensorflow import keras\n"),
)
NOTE = re.compile(r"#\s*(?P<kind>lost|zeros|break|raises):\s*(?P<value>[^#\n]+)")
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """One thing to be seen on one line of a program."""

    line: int
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Program:
    """One block of a page of `semantics/` or `keras/`."""

    page: str
    heading: str
    position: int
    source: str

    @property
    def name(self) -> str:
        """The test's name."""
        suffix = "" if self.position == 0 else f" {self.position}"
        return f"{self.page}: {self.heading}{suffix}"

    @property
    def expected(self) -> set[Note]:
        """What the comments say."""
        return set(notes(self.source))


def programs() -> Iterator[Program]:
    """Yield every program of every page, in order."""
    for folder, prelude in PAGES:
        for path in sorted((HERE / folder).glob("*.md")):
            _, *sections = HEADING.split(path.read_text(encoding="utf-8"))
            for heading, body in zip(sections[::2], sections[1::2], strict=True):
                for position, block in enumerate(BLOCK.findall(body)):
                    yield Program(f"{folder}/{path.stem}", heading, position, prelude + block)


def notes(source: str) -> Iterator[Note]:
    """Yield the comments of a program."""
    for number, text in enumerate(source.splitlines(), start=1):
        for match in NOTE.finditer(text):
            for value in match["value"].split(","):
                yield Note(number, match["kind"], value.strip())


def observe(source: str) -> list[Observation]:
    """Run a program and whatever of it holds a tape."""
    body = Unit(SourceText("program.py", source)).body
    return with_large_stack(lambda: program.Program().run_module(body))


def seen(source: str) -> set[Note]:
    """Return what is to be seen in a program, in the words of its comments."""
    return {note for observation in observe(source) for note in told(observation)}


def told(observation: Observation) -> Iterator[Note]:
    """Put an observation into notes."""
    line = observation.place.span().line
    match observation:
        case GradientAsked():
            for lost in observation.lost:
                kind = "zeros" if gives_zeros(observation, lost) else "lost"
                yield Note(line, kind, lost.label or "?")
                for found in lost.breaks:
                    yield Note(place_of(lost, found), "break", reason_of(found))
            yield from told_of_training(observation)
        case TapeExhausted():
            yield Note(line, "raises", "exhausted")
        case TapeMisused():
            yield Note(line, "raises", observation.what)
        case VariableAugmented():
            yield Note(line, "raises", "augmented")


def told_of_training(asked: GradientAsked) -> Iterator[Note]:
    """Say where Keras raises: its graph at what it cannot hold, the optimizer without gradients."""
    if not asked.is_training:
        return
    breaks = [(lost, found) for lost in asked.lost for found in lost.breaks]
    refused = [place_of(*pair) for pair in breaks if reason_of(pair[1]) in ("numpy", "python")]
    if asked.traced is Traced.GRAPH and refused:
        yield Note(min(refused), "raises", "graph")
        return
    is_empty = bool(asked.lost) and asked.asked == len(asked.lost)
    if is_empty and not all(gives_zeros(asked, lost) for lost in asked.lost):
        yield Note(asked.place.span().line, "raises", "no gradients")


def gives_zeros(observation: GradientAsked, lost: Lost) -> bool:
    """Whether TensorFlow gives zeros for a lost source, and not None."""
    edges = [found.edge for found in lost.breaks if found.edge is not None]
    return observation.method == "batch_jacobian" or any(e.effect is Effect.ZEROS for e in edges)


def place_of(lost: Lost, found: Break) -> int:
    """Return the line a break is to be shown on, 0 for one without a place."""
    place = found.rebinding.place if found.rebinding is not None else found.node.place
    return place.span().line if place is not None else 0


def reason_of(found: Break) -> str:
    """Return the word for a break: why the edge is cut, or what is wrong with the source."""
    if found.cause is Cause.CUT:
        edge = found.edge
        if edge is not None and edge.effect.value != "flows":
            return str(edge.reason.value)
        return str(found.node.dtype.value)
    return str(found.cause.value)
