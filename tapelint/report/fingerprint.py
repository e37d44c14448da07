"""The line hashes by which GitHub code scanning knows a finding again after lines have moved.

Lines are hashed as GitHub's own upload action hashes them: it compares what it finds.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

from tapelint.model import Finding, Span
from tapelint.report.context import Context

WINDOW = 100
MULTIPLIER = 37
BITS = 64
# What the algorithm puts behind the last character, so that every line has a beginning.
END = "\uffff"
LINE_END = re.compile(r"\r\n?")
ASTRAL = re.compile("[\U00010000-\U0010ffff]")
BLANK = str.maketrans("", "", " \t")


def line_hashes(data: bytes, wanted: Collection[int]) -> Mapping[int, str]:
    """Return the fingerprint of each line number in `wanted` that the file has.

    A line's fingerprint is a polynomial hash of the 100 UTF-16 units from its start on, spaces
    and tabs left out, then a colon and how often this hash was seen up to here.
    """
    text = LINE_END.sub("\n", data.decode("utf-8", "replace"))
    units = ASTRAL.sub(_surrogates, text.translate(BLANK)) + END
    seen: Counter[str] = Counter()
    hashes: dict[int, str] = {}
    start, last = 0, max(wanted, default=0)
    for line in range(1, last + 1):
        # The text itself stands for its hash, which only the wanted lines have to compute.
        window = units[start : start + WINDOW]
        seen[window] += 1
        if line in wanted:
            hashes[line] = f"{_hash(window):x}:{seen[window]}"
        start = units.find("\n", start) + 1
        if not start:
            break
    return hashes


def span_hashes(findings: Sequence[Finding], context: Context) -> Mapping[Span, str]:
    """Return the line hash of each finding's span, reading every file once."""
    spans: defaultdict[str, set[Span]] = defaultdict(set)
    for finding in findings:
        spans[finding.span.path].add(finding.span)
    hashes: dict[Span, str] = {}
    for path, wanted in spans.items():
        content = context.content(path)
        if content is not None:
            lines = line_hashes(content, {span.line for span in wanted})
            hashes |= {span: lines[span.line] for span in wanted if span.line in lines}
    return hashes


def _hash(window: str) -> int:
    value = 0
    for unit in window:
        value = value * MULTIPLIER + ord(unit)
    # Behind the end of the file there are zeros, up to the length of a window.
    for _ in range(WINDOW - len(window)):
        value *= MULTIPLIER
    return value % (1 << BITS)


def _surrogates(match: re.Match[str]) -> str:
    high, low = divmod(ord(match[0]) - 0x10000, 0x400)
    return chr(0xD800 + high) + chr(0xDC00 + low)
