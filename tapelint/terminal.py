"""Measure, wrap and colour text for a terminal, and take the danger out of foreign text.

Everything here is about display cells: how many columns of the screen a text takes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

TAB = 4
REPLACEMENT = "\ufffd"
# Marks that reorder the text after them: they could make a line look like another program.
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
CODE = re.compile(r"`[^`]*`")


class Style(Enum):
    """A way to set text apart, with its SGR parameters."""

    STRONG = "1"
    FAINT = "2"
    ERROR = "1;31"
    WARNING = "1;33"
    NOTE = "1;34"
    HELP = "1;36"
    CODE = "36"


@dataclass(frozen=True, slots=True)
class Painter:
    """Apply styles where colours are on, and hand text back untouched where they are off."""

    colour: bool

    def __call__(self, text: str, style: Style) -> str:
        """Return `text` in `style`."""
        return f"\x1b[{style.value}m{text}\x1b[0m" if self.colour and text else text

    def code(self, text: str) -> str:
        """Return `text` with what stands in backticks in the style of code."""
        if not self.colour:
            return text
        return CODE.sub(lambda match: self(match[0], Style.CODE), text)


def cells(character: str) -> int:
    """Return how many columns one printable character takes: 0, 1 or 2."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def width(text: str) -> int:
    """Return how many columns `text` takes."""
    return len(text) if text.isascii() else sum(map(cells, text))


def printable(text: str) -> str:
    """Return `text` on one line without control characters, which could steer the terminal."""
    if text.isprintable():
        return text
    return "".join(map(_harmless, text))


def rendered(line: str) -> Iterator[str]:
    """Yield what to print for each code point of a source line, with tabs as spaces."""
    column = 0
    for character in line:
        shown = " " * (TAB - column % TAB) if character == "\t" else _harmless(character)
        column += width(shown)
        yield shown


def wrap(text: str, columns: int, first: str = "", rest: str = "") -> list[str]:
    """Break `text` at spaces into lines of at most `columns`, but never inside backticks.

    `first` is put before the first line and `rest` before all others. A word that is longer than
    a line stands alone on one.
    """
    lines: list[str] = []
    current = first
    is_empty = True
    for word in _words(text):
        if not is_empty and width(current) + 1 + width(word) > columns:
            lines.append(current)
            current, is_empty = rest, True
        current += word if is_empty else f" {word}"
        is_empty = False
    return [*lines, current]


def _words(text: str) -> Iterator[str]:
    """Split at spaces, keeping code in backticks whole while it is short enough to carry over."""
    start = 0
    text = " ".join(text.split())
    is_code = False
    for index, character in enumerate(text):
        if character == "`":
            is_code = not is_code and "`" in text[index + 1 : index + 40]
        elif character == " " and not is_code:
            yield text[start:index]
            start = index + 1
    yield text[start:]


def _harmless(character: str) -> str:
    if character in BIDI:
        return REPLACEMENT
    if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp", "Co", "Cn"):
        return REPLACEMENT
    return character
