"""How deep and how long code is, measured on its text before any parser may fall over it."""

from __future__ import annotations

import re
from dataclasses import dataclass

TOKEN = re.compile(
    r"(?P<formatted>[fFtT][rR]?|[rR][fFtT])?(?:"
    r'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""'
    r"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''"
    r'|"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
    r"|'[^'\\\n]*(?:\\.[^'\\\n]*)*')"
    r"|#[^\n]*"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<end>\n)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Nesting:
    """The deepest bracket (its offset too) and the longest logical line, strings not counted."""

    depth: int
    deepest: int
    longest_line: int


def measure(text: str) -> Nesting:
    """Measure one file in one pass."""
    depth = deepest = at = 0
    longest = start = skipped = 0
    for token in TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "open":
            depth += 1
            if depth > deepest:
                deepest, at = depth, token.start()
        elif kind == "close":
            depth = max(depth - 1, 0)
        elif kind == "formatted":
            # What stands within may nest as well.
            continue
        elif kind is None:
            skipped += token.end() - token.start()
        elif not depth:
            longest = max(longest, token.start() - start - skipped)
            start, skipped = token.end(), 0
    return Nesting(deepest, at, max(longest, len(text) - start - skipped))
