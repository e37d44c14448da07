"""Findings for a person at a terminal: the source, the chain through it, and what to do."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tapelint.model import Evidence, Finding, Role, Severity, Span, Step
from tapelint.report import verification
from tapelint.report.context import Context
from tapelint.report.excerpt import ELLIPSIS, Layout, Mark
from tapelint.terminal import Painter, Style, printable, wrap

INDENT = "  "
# Longer chains keep both ends: a screen of intermediate lines hides the break.
LONGEST_CHAIN = 9
NARROWEST = 40
STYLES = {
    Severity.ERROR: Style.ERROR,
    Severity.WARNING: Style.WARNING,
    Severity.NOTE: Style.NOTE,
}


def write(findings: Sequence[Finding], context: Context) -> str:
    """Return all findings with their excerpts, and a summary line."""
    # Findings come file by file, and most chains stay in theirs.
    lines = lru_cache(maxsize=8)(context.lines)
    parts = ["\n".join(_Text(finding, context, lines).lines()) + "\n" for finding in findings]
    return "\n".join([*parts, summary(findings, context) + "\n"])


def one(finding: Finding, context: Context) -> str:
    """Return a single finding with its excerpt."""
    return "\n".join(_Text(finding, context, context.lines).lines()) + "\n"


def summary(findings: Sequence[Finding], context: Context) -> str:
    """Return one sentence: what was found, in how many files, out of how many."""
    paint = Painter(context.colour)
    if not findings:
        kept_back = ", ".join(_kept_back(context))
        aside = f" ({kept_back})" if kept_back else ""
        if not context.checked:
            return f"No files to check{aside}."
        files = "1 file" if context.checked == 1 else f"All {context.checked} files"
        return paint(f"{files} clean{aside}.", Style.STRONG)
    counts = Counter(finding.severity for finding in findings)
    kinds = [_count(counts[severity], severity.value) for severity in Severity if counts[severity]]
    listed = " and ".join(filter(None, [", ".join(kinds[:-1]), kinds[-1]]))
    files = _count(len({finding.span.path for finding in findings}), "file")
    aside = ", ".join([f"{context.checked} checked", *_kept_back(context)])
    return paint(f"Found {listed} in {files} ({aside}).", Style.STRONG)


def _kept_back(context: Context) -> Iterator[str]:
    """Yield how many findings are not shown, and why."""
    if context.suppressed:
        yield f"{context.suppressed} suppressed"
    if context.refuted:
        yield f"{context.refuted} refuted by running it"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@dataclass(frozen=True, slots=True)
class _Place:
    """A line to show: one or more steps that follow each other on the same line of a file."""

    path: str
    line: int
    steps: tuple[Step | None, ...]


class _Text:
    """One finding as lines of text."""

    def __init__(
        self, finding: Finding, context: Context, lines_of: Callable[[str], list[str]]
    ) -> None:
        self.finding = finding
        self.lines_of = lines_of
        self.paint = Painter(context.colour)
        self.columns = max(context.width, NARROWEST)
        self.style = STYLES[finding.severity]

    def lines(self) -> Iterator[str]:
        """Yield the heading, the sentence, the excerpt and the help."""
        finding = self.finding
        where = f"{printable(finding.span.path)}:{finding.span.line}:{finding.span.column}"
        kind = f"({finding.severity.value}, {finding.confidence.value})"
        heading = self.paint(f"{finding.code} {finding.name}", self.style)
        yield f"{self.paint(where, Style.STRONG)} {heading} {self.paint(kind, Style.FAINT)}"
        for line in wrap(printable(finding.message), self.columns, INDENT, INDENT):
            yield self.paint.code(line)
        excerpt = list(self._excerpt())
        if excerpt:
            yield ""
            yield from excerpt
        if finding.help:
            if excerpt:
                yield ""
            yield from self._help()
        if finding.evidence is not None:
            yield from self._evidence(finding.evidence)

    def _evidence(self, evidence: Evidence) -> Iterator[str]:
        prefix = f"{INDENT}run:  "
        for paragraph in verification.paragraphs(evidence):
            for line in wrap(printable(paragraph), self.columns - len(prefix)):
                yield self.paint(prefix, Style.HELP) + self.paint.code(line)
                prefix = " " * len(prefix)

    def _help(self) -> Iterator[str]:
        prefix = f"{INDENT}help: "
        for paragraph in self.finding.help.splitlines():
            text = wrap(printable(paragraph), self.columns - len(prefix))
            for line in text:
                yield self.paint(prefix, Style.HELP) + self.paint.code(line)
                prefix = " " * len(prefix)

    def _excerpt(self) -> Iterator[str]:
        places = [place for place in self._places() if self._source(place) is not None]
        if not places:
            return
        digits = max(len(str(place.line)) for place in places)
        gutter = digits + len(INDENT) + 2
        layout = Layout(self.columns - gutter - 3, self.paint, self.style)
        empty = " " * gutter + self.paint("|", Style.FAINT)
        before: _Place | None = None
        for place in places:
            if place.path != (before.path if before else self.finding.span.path):
                if before:
                    yield empty
                where = self.paint(f"{printable(place.path)}:{place.line}", Style.STRONG)
                yield " " * (gutter - 1) + f"{self.paint('-->', Style.FAINT)} {where}"
            elif before and place.line != before.line + 1:
                yield " " * (gutter - len(ELLIPSIS)) + self.paint(ELLIPSIS, Style.FAINT)
            source, *below = layout.draw(self._source(place) or "", self._marks(place))
            number = self.paint(f"{place.line:>{gutter - 1}} |", Style.FAINT)
            yield f"{number} {source}".rstrip()
            for line in below:
                yield f"{empty} {line}".rstrip()
            before = place

    def _places(self) -> Iterator[_Place]:
        """Group the chain into lines, in the order in which the value runs through them."""
        chain: list[tuple[Span, Step | None]] = [(s.span, s) for s in self._shown_steps()]
        main = self.finding.span
        if not any(span == main for span, _ in chain):
            # The finding itself is no step, as for a second question to a tape.
            later = (i for i, (s, _) in enumerate(chain) if s.path == main.path and s > main)
            chain.insert(next(later, len(chain)), (main, None))
        for (path, line), group in itertools.groupby(chain, lambda e: (e[0].path, e[0].line)):
            yield _Place(path, line, tuple(step for _, step in group))

    def _shown_steps(self) -> list[Step]:
        """Drop intermediate steps from the middle of a chain that is too long to read."""
        steps = list(self.finding.steps)
        excess = len(steps) - LONGEST_CHAIN
        while excess > 0:
            inner = [i for i, s in enumerate(steps) if s.role is Role.STEP]
            if not inner:
                break
            del steps[inner[len(inner) // 2]]
            excess -= 1
        return steps

    def _source(self, place: _Place) -> str | None:
        lines = self.lines_of(place.path)
        return lines[place.line - 1] if 0 < place.line <= len(lines) else None

    def _marks(self, place: _Place) -> list[Mark]:
        """Turn the steps of a line into marks; steps on the very same text share one."""
        labels: dict[Span, list[str]] = {}
        for step in place.steps:
            span = step.span if step else self.finding.span
            labels.setdefault(span, [])
            if step:
                labels[span].append(label(step))
        return [
            Mark(
                span.column,
                span.end_column if span.end_line == span.line else None,
                "; ".join(texts),
                span == self.finding.span,
            )
            for span, texts in labels.items()
        ]


def label(step: Step) -> str:
    """Return the sentence of a step behind the part it plays."""
    message = printable(step.message)
    return message if step.role is Role.STEP else f"{step.role.value}: {message}"
