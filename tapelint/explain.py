"""Show a rule card on a terminal, as Markdown or as JSON.

Takes the card; who asks by name finds it with `tapelint.registry.find`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from tapelint.cards import Card, FixSafety, Stability
from tapelint.terminal import Painter, Style, width, wrap

FORMATS = ("text", "md", "json")
ITEM = re.compile(r"(?P<marker>[-*]|\d+\.) +(?P<text>.*)")
INDENT = "  "
# Lines of prose longer than this are hard to follow, however wide the terminal is.
WIDEST = 100


def render(
    card: Card, format_name: str = "text", *, columns: int = 80, colour: bool = False
) -> str:
    """Return the card in one of `FORMATS`; `columns` and `colour` matter to "text" alone.

    Raises `ValueError` for any other format. The result ends in a line end.
    """
    match format_name:
        case "text":
            return text(card, columns=columns, colour=colour)
        case "md":
            return card.markdown.rstrip("\n") + "\n"
        case "json":
            return json.dumps(as_json(card), indent=2) + "\n"
        case _:
            raise ValueError(f"no format is called {format_name!r}")


def text(card: Card, *, columns: int = 80, colour: bool = False) -> str:
    """Return the card as wrapped prose under headings, with its programs as they are."""
    paint = Painter(colour)
    columns = min(columns, WIDEST)
    lines = [paint(f"{card.code} {card.name}", Style.STRONG)]
    lines += [paint(line, Style.FAINT) for line in wrap(facts(card), columns)]
    lines += ["", *(paint.code(line) for line in wrap(card.message, columns))]
    for section in card.sections:
        lines += ["", paint(section.title, Style.HELP)]
        lines += _body(section.body, columns, paint)
    return "\n".join(lines) + "\n"


def facts(card: Card) -> str:
    """Return one line with what the toml block of the card says."""
    fix = {FixSafety.SAFE: ["safe fix"], FixSafety.UNSAFE: ["unsafe fix"]}
    listed = [
        f"{card.severity.value}, {card.confidence.value}",
        f"group {card.group}",
        f"since {card.since}",
        *fix.get(card.fix, []),
        f"TensorFlow {card.tensorflow}",
    ]
    if card.stability is Stability.PREVIEW:
        listed.insert(0, "preview")
    if card.aliases:
        listed.append(f"also called {', '.join(card.aliases)}")
    return " | ".join(listed)


def as_json(card: Card) -> dict[str, object]:
    """Return the card as plain data, sections and examples apart."""
    return {
        "version": 1,
        "code": card.code,
        "name": card.name,
        "group": card.group,
        "severity": card.severity.value,
        "confidence": card.confidence.value,
        "since": card.since,
        "stability": card.stability.value,
        "fix": card.fix.value,
        "tensorflow": card.tensorflow,
        "aliases": list(card.aliases),
        "issues": list(card.issues),
        "message": card.message,
        "sections": [{"title": part.title, "markdown": part.body} for part in card.sections],
        "examples": [
            {"section": example.section, "source": example.source} for example in card.examples
        ],
    }


def _body(markdown: str, columns: int, paint: Painter) -> Iterator[str]:
    """Wrap paragraphs and list items; leave code alone behind a bar that holds it together."""
    paragraph: list[str] = []
    is_fenced = False
    for line in markdown.split("\n"):
        is_fence = line.startswith("```")
        is_code = is_fenced or (not paragraph and line.startswith("    "))
        if paragraph and (is_fence or not line.strip() or ITEM.match(line)):
            yield from _paragraph(paragraph, columns, paint)
            paragraph = []
        if is_fence:
            is_fenced = not is_fenced
        elif is_code:
            code = line if is_fenced else line.removeprefix("    ")
            yield f"{INDENT}{paint('|', Style.FAINT)} {paint(code, Style.CODE)}".rstrip()
        elif line.strip():
            paragraph.append(line.strip())
        else:
            yield ""
    if paragraph:
        yield from _paragraph(paragraph, columns, paint)


def _paragraph(lines: list[str], columns: int, paint: Painter) -> Iterator[str]:
    item = ITEM.match(lines[0])
    first, words = INDENT, " ".join(lines)
    if item:
        first = f"{INDENT}{item['marker']} "
        words = " ".join([item["text"], *lines[1:]])
    for line in wrap(words, columns, first, " " * width(first)):
        yield paint.code(line)
