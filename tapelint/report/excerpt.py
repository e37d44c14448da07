"""Lay out source lines with marks under them and a label for each mark.

Nothing here knows findings: it takes lines, spans and labels and gives lines of text.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from tapelint.terminal import Painter, Style, rendered, width, wrap

ELLIPSIS = "..."
# A label narrower than this is hard to read: it moves to the left of its mark instead.
NARROWEST_LABEL = 32


@dataclass(frozen=True, slots=True)
class Mark:
    """A part of one line to underline. Columns count from 1 in code points, the end is behind.

    `end` None runs to the end of the line. `label` may be empty.
    """

    start: int
    end: int | None
    label: str
    is_main: bool


@dataclass(frozen=True, slots=True)
class _Under:
    """A mark in display cells of the line as it is printed."""

    start: int
    end: int
    label: str
    is_main: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """How wide an excerpt may be and how it is coloured. `main` is the style of main marks."""

    columns: int
    paint: Painter
    main: Style

    def draw(self, line: str, marks: list[Mark]) -> list[str]:
        """Return the line, cut to fit around its marks, and below it the marks and labels."""
        shown, unders = _fit(line, marks, self.columns)
        return [shown, *self._below(unders)]

    def _below(self, unders: list[_Under]) -> list[str]:
        if not unders:
            return []
        # Labels hang below their marks, the rightmost first; it may stand beside its mark instead.
        waiting = sorted((u for u in unders if u.label), key=lambda u: (u.start, u.end))
        lines = [self._underline(unders)]
        if waiting:
            edge = max(under.end for under in unders) + 1
            last = waiting[-1]
            beside = wrap(last.label, self.columns - edge)
            is_narrow = any(width(part) > self.columns - edge for part in beside)
            if not is_narrow and len(beside) <= len(self._hanging(last)[1]):
                waiting.pop()
                lines[0] += f" {self._label(beside[0], last)}"
                lines += [self._bars(waiting, edge) + self._label(p, last) for p in beside[1:]]
        while waiting:
            under = waiting.pop()
            indent, parts = self._hanging(under)
            lines += [self._bars(waiting, indent) + self._label(part, under) for part in parts]
        return lines

    def _hanging(self, under: _Under) -> tuple[int, list[str]]:
        """Return where the label of a mark begins when it stands below it, and its lines."""
        needed = min(width(under.label), NARROWEST_LABEL)
        indent = max(0, min(under.start, self.columns - needed))
        return indent, wrap(under.label, self.columns - indent)

    def _underline(self, unders: list[_Under]) -> str:
        """Draw all marks of a line; where they overlap the narrower one is on top."""
        owners: list[_Under | None] = [None] * max(under.end for under in unders)
        for under in sorted(unders, key=lambda u: (u.start - u.end, u.is_main)):
            owners[under.start : under.end] = [under] * (under.end - under.start)
        line = ""
        for owner, group in itertools.groupby(owners):
            count = sum(1 for _ in group)
            if owner is None:
                line += " " * count
            else:
                line += self.paint(("^" if owner.is_main else "-") * count, self._style(owner))
        return line

    def _bars(self, waiting: list[_Under], indent: int) -> str:
        """Draw up to column `indent` the bars that lead to labels further down."""
        line, column = "", 0
        for under in waiting:
            if column <= under.start < indent:
                line += " " * (under.start - column) + self.paint("|", self._style(under))
                column = under.start + 1
        return line + " " * (indent - column)

    def _style(self, under: _Under) -> Style:
        return self.main if under.is_main else Style.NOTE

    def _label(self, text: str, under: _Under) -> str:
        return self.paint(text, self._style(under))


def _fit(line: str, marks: list[Mark], columns: int) -> tuple[str, list[_Under]]:
    """Render a line in at most `columns` cells, keeping its marks in sight."""
    line = line.rstrip()
    pieces = list(rendered(line))
    offsets = [0]
    for piece in pieces:
        offsets.append(offsets[-1] + width(piece))
    spans = [_clamped(mark, line) for mark in marks]
    first, last = _window(offsets, spans, marks, columns)
    head = ELLIPSIS if first else ""
    tail = ELLIPSIS if last < len(pieces) else ""
    shift = offsets[first] - len(head)
    unders: list[_Under] = []
    for mark, (start, end) in zip(marks, spans, strict=True):
        left = max(offsets[min(start, len(pieces))] - shift, 0)
        right = min(offsets[min(end, len(pieces))], offsets[last] + len(tail)) - shift
        left = min(left, offsets[last] - shift + len(tail))
        unders.append(_Under(left, max(right, left + 1), mark.label, mark.is_main))
    return head + "".join(pieces[first:last]) + tail, unders


def _clamped(mark: Mark, line: str) -> tuple[int, int]:
    """Return a mark as indices into `line`; one that is outside it stands behind its end."""
    start = min(max(mark.start - 1, 0), len(line))
    end = len(line) if mark.end is None else min(max(mark.end - 1, start), len(line))
    return start, end


def _window(
    offsets: list[int], spans: list[tuple[int, int]], marks: list[Mark], columns: int
) -> tuple[int, int]:
    """Choose the code points `first:last` of a line to show, so that they fit in `columns`."""
    count = len(offsets) - 1
    if offsets[-1] <= columns:
        return 0, count
    room = columns - 2 * len(ELLIPSIS)
    wanted = spans or [(0, 0)]
    low = min(start for start, _ in wanted)
    high = max(end for _, end in wanted)
    if offsets[high] - offsets[low] > room:
        # Not all marks fit: the main one is what the reader came for.
        mains = [span for span, mark in zip(spans, marks, strict=True) if mark.is_main]
        low, high = mains[0] if mains else wanted[0]
    if offsets[high] <= columns - len(ELLIPSIS):
        first = 0
    else:
        spare = max(0, room - (offsets[high] - offsets[low]))
        first = low
        while first and offsets[low] - offsets[first - 1] <= spare // 2:
            first -= 1
    budget = columns - len(ELLIPSIS) - (len(ELLIPSIS) if first else 0)
    last = first
    while last < count and offsets[last + 1] - offsets[first] <= budget:
        last += 1
    if offsets[count] - offsets[first] <= budget + len(ELLIPSIS):
        last = count
    return first, max(last, first)
