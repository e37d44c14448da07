"""Comments that keep findings back: `# tapelint: ignore[numpy-in-tape] the reason`.

On a line it speaks for that line; alone on a line, for the next line of code; `ignore-file` above
all code speaks for the file. Without brackets every rule is meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tapelint.model import Finding, Span
from tapelint.source.read import SourceText

# Strings are matched only to be stepped over. The scanner of the standard library would stop at
# the first error, and at syntax that is newer than the Python it comes with.
TOKEN = re.compile(
    r"""
    (?P<comment>\#[^\n]*)
    | (?P<long>\"\"\"|''')
    | "(?:[^"\\\n]|\\.)*"?
    | '(?:[^'\\\n]|\\.)*'?
    """,
    re.VERBOSE | re.DOTALL,
)
LONG_ENDS = {quotes: re.compile(rf"\\.|{quotes}", re.DOTALL) for quotes in ('"""', "'''")}
PREFIX = re.compile(r"(?i)\b[bfrtu]{1,2}\Z")
REQUEST = re.compile(
    r"""
    (?:^|\s)\#\s*tapelint:\s*ignore(?P<file>-file)?(?![\w-])
    (?:\s*\[(?P<listed>[^\[\]]*)(?P<closed>\])?)?
    """,
    re.VERBOSE,
)


WORD = re.compile(r"[^\s,](?:[^,]*[^\s,])?")
PUNCTUATION = " \t#:;,.-"
# Rules about these comments: only a comment that names one keeps it back.
ABOUT_COMMENTS = frozenset({"TAP902", "TAP903"})


@dataclass(frozen=True, slots=True)
class Selector:
    """A word between the brackets, or the whole request. Columns count from 1."""

    word: str
    line: int
    column: int
    is_whole: bool = False

    def span(self, path: str) -> Span:
        """Return where it stands."""
        end = self.column + len(self.word)
        return Span(path, self.line, self.column, self.line, end)


@dataclass(frozen=True, slots=True)
class Suppression:
    """One request to keep findings back. `selectors` is None where every rule is meant.

    `covers` is the line it speaks for (None: the whole file), `whole` the request as written,
    `reason` what else the comment says.
    """

    covers: int | None
    selectors: tuple[Selector, ...] | None
    whole: Selector
    reason: str

    def holds(self, finding: Finding, names: Callable[[str, Finding], bool]) -> bool:
        """Tell whether `finding` is one of those that this comment keeps back."""
        span = finding.span
        if self.covers is not None and not span.line <= self.covers <= span.end_line:
            return False
        if self.selectors is None:
            return finding.code not in ABOUT_COMMENTS
        return any(names(selector.word, finding) for selector in self.selectors)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment. `is_alone` holds where its line has no code, `is_top` where none is above."""

    line: int
    column: int
    text: str
    is_alone: bool
    is_top: bool


def apply(
    findings: Sequence[Finding],
    source: SourceText,
    names: Callable[[str, Finding], bool] | None = None,
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Part the findings of one file into those to report and those that a comment keeps back.

    `names` tells whether a selector means a finding; without it, codes, their beginnings and
    names of rules do.
    """
    asked = suppressions(source.text)
    held = [any(entry.holds(found, names or is_named) for entry in asked) for found in findings]
    return (
        tuple(found for found, is_held in zip(findings, held, strict=True) if not is_held),
        tuple(found for found, is_held in zip(findings, held, strict=True) if is_held),
    )


def is_named(selector: str, finding: Finding) -> bool:
    """Tell whether a code, the beginning of one (`TAP2`) or a name means this finding."""
    word = selector.casefold()
    is_code = word.startswith("tap") and finding.code.casefold().startswith(word)
    return is_code or word == finding.name.casefold()


def is_silent(text: str) -> bool:
    """Whether a file has no request for certain."""
    return "tapelint" not in text


def suppressions(text: str) -> list[Suppression]:
    """Return every request in the source of a file, in the order of the lines."""
    if is_silent(text):
        return []
    listed = list(comments(text))
    lines = text.split("\n")
    idle = {comment.line for comment in listed if comment.is_alone}
    idle |= {number for number, line in enumerate(lines, start=1) if not line.strip()}
    found: list[Suppression] = []
    for comment in listed:
        for request in REQUEST.finditer(comment.text):
            covers: int | None = None
            if not request["file"]:
                covers = comment.line
                while covers in idle:
                    covers += 1
            elif not (comment.is_alone and comment.is_top):
                continue
            start = request.start() + len(request[0]) - len(request[0].lstrip())
            whole = comment.text[start : request.end()].rstrip()
            # for: # tapelint: ignore[TAP201] only logged
            behind, _, _ = comment.text[request.end() :].partition("#")
            said = comment.text[: request.start()] + behind
            found.append(
                Suppression(
                    covers,
                    _selectors(request, comment),
                    Selector(whole, comment.line, comment.column + start, is_whole=True),
                    said.strip(PUNCTUATION),
                )
            )
    return found


def comments(text: str) -> Iterator[Comment]:
    """Yield the comments of a source that may well be broken."""
    line = 1
    line_start = position = 0
    is_top = True
    while token := TOKEN.search(text, position):
        between = text[position : token.start()]
        # The r of r"..." is no code of its own, and a docstring is not what a file does.
        code = between if token["comment"] is not None else PREFIX.sub("", between)
        is_top = is_top and not code.strip()
        line, line_start = _advance(text, position, token.start(), line, line_start)
        if token["comment"] is not None:
            is_alone = not text[line_start : token.start()].strip()
            column = token.start() - line_start + 1
            yield Comment(line, column, token["comment"], is_alone, is_top)
        end = _long_end(text, token) if token["long"] else token.end()
        line, line_start = _advance(text, token.start(), end, line, line_start)
        position = end


def _advance(text: str, start: int, end: int, line: int, line_start: int) -> tuple[int, int]:
    """Step from one offset to another; return the line there and where it starts."""
    count = text.count("\n", start, end)
    return (line + count, text.rfind("\n", start, end) + 1) if count else (line, line_start)


def _long_end(text: str, token: re.Match[str]) -> int:
    """Return the offset behind a string in triple quotes; one that never ends takes the rest."""
    ends = LONG_ENDS[token["long"]].finditer(text, token.end())
    return next((end.end() for end in ends if end[0] == token["long"]), len(text))


def _selectors(request: re.Match[str], comment: Comment) -> tuple[Selector, ...] | None:
    if request["listed"] is None:
        return None
    # A bracket that is never closed asks for nothing: better one finding too many.
    listed = request["listed"] if request["closed"] else ""
    start = comment.column + request.start("listed")
    return tuple(
        Selector(word[0], comment.line, start + word.start()) for word in WORD.finditer(listed)
    )
