"""Read the rule cards, the Markdown pages in `rules/` that say what each rule finds.

This is the only reader of that folder. Nothing is read before someone asks for a card: a run
without findings must not pay for it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

from tapelint.model import Confidence, Severity

if sys.version_info >= (3, 11):
    import tomllib
else:  # the parser of the standard library is a copy of this one
    import tomli as tomllib

TITLE = re.compile(r"# (?P<name>[a-z][a-z0-9-]*) \((?P<code>TAP\d{3})\)")
EXPECTATION = re.compile(r"#\s*(?P<kind>finds|gives|raises)\b(?P<colon>:?)(?P<value>[^#]*)")
SECTIONS = (
    "What goes wrong",
    "Bad",
    "Good",
    "Fix",
    "When it is right to do this",
    "Not found",
    "How it is confirmed",
    "References",
)
EXAMPLE_SECTIONS = ("Bad", "Good")
FIELDS = frozenset(
    "group severity confidence since stability fix tensorflow aliases issues".split()
)


class Stability(Enum):
    """Whether a rule is on by default: a `PREVIEW` rule waits to be selected."""

    STABLE = "stable"
    PREVIEW = "preview"


class FixSafety(Enum):
    """What a rule's fix may do to the program: `SAFE` keeps every value it computes."""

    NONE = "none"
    SAFE = "safe"
    UNSAFE = "unsafe"


class CardError(ValueError):
    """A card breaks the format; the text names the file, the line and what is wrong."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        super().__init__(f"{file}:{line}: {problem}")
        self.file = file
        self.line = line
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Expectation:
    """A trailing comment of an example, which is an assertion about its own line.

    `kind` is "finds", "gives" or "raises"; `line` counts from 1 inside the example; `value` is
    "" where `finds` means the rule of the card itself.
    """

    kind: str
    line: int
    value: str


@dataclass(frozen=True, slots=True)
class Example:
    """One runnable program of a card. `line` is where its source begins in the card."""

    section: str
    number: int
    source: str
    line: int
    expectations: tuple[Expectation, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One `##` part of a card. `line` is that of its heading, `body` the Markdown below it."""

    title: str
    body: str
    line: int


@dataclass(frozen=True, slots=True)
class Card:
    """One rule as its page describes it. `markdown` is the whole page."""

    code: str
    name: str
    group: str
    severity: Severity
    confidence: Confidence
    since: str
    stability: Stability
    fix: FixSafety
    tensorflow: str
    aliases: tuple[str, ...]
    issues: tuple[str, ...]
    message: str
    sections: tuple[Section, ...]
    examples: tuple[Example, ...]
    markdown: str

    def section(self, title: str) -> str:
        """Return the Markdown below the heading `title`; every card has all of `SECTIONS`."""
        return next(part.body for part in self.sections if part.title == title)


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a card. `is_code` holds inside a fence and on the fence itself."""

    number: int
    text: str
    is_code: bool


@cache
def folder() -> Path:
    """Find the cards: inside the installed package, else beside it in a checkout."""
    package = Path(__file__).parent
    shipped = package / "rules"
    return shipped if shipped.is_dir() else package.parent / "rules"


@cache
def load() -> tuple[Card, ...]:
    """Read all cards in the order of their codes; raise `CardError` for the first bad one."""
    return tuple(read(path) for path in sorted(folder().glob("TAP*.md")))


@cache
def card(code: str) -> Card:
    """Read the card of one rule alone; raise `KeyError` where no rule has this code."""
    for path in folder().glob(f"{code}-*.md"):
        return read(path)
    raise KeyError(code)


def read(path: Path) -> Card:
    """Read the card at `path`, whose file name must be its code and name."""
    parsed = parse(path.read_text(encoding="utf-8"), path.name)
    if path.stem != f"{parsed.code}-{parsed.name}":
        raise CardError(path.name, 1, f"the file should be {parsed.code}-{parsed.name}.md")
    return parsed


def parse(markdown: str, file: str) -> Card:
    """Parse the text of a card; `file` is named in errors."""
    lines = _lines(markdown, file)
    title = TITLE.fullmatch(lines[0].text) if lines else None
    if title is None:
        raise CardError(file, 1, "a card begins with `# rule-name (TAP000)`")
    starts = [i for i, line in enumerate(lines) if line.text.startswith("## ") and not line.is_code]
    head = lines[1 : starts[0]] if starts else lines[1:]
    sections = tuple(
        _section(lines[start:end])
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)
    )
    _require_sections(sections, file)
    fields, rest = _fields(head, file)
    return Card(
        code=title["code"],
        name=title["name"],
        group=fields.text("group"),
        severity=Severity(fields.choice("severity", [s.value for s in Severity])),
        confidence=Confidence(fields.choice("confidence", [c.value for c in Confidence])),
        since=fields.text("since"),
        stability=Stability(fields.choice("stability", [s.value for s in Stability])),
        fix=FixSafety(fields.choice("fix", [f.value for f in FixSafety])),
        tensorflow=fields.text("tensorflow"),
        aliases=fields.texts("aliases"),
        issues=fields.texts("issues"),
        message=_message(rest, file),
        sections=sections,
        examples=_examples(lines, file),
        markdown=markdown,
    )


def _lines(markdown: str, file: str) -> list[_Line]:
    """Split a card into lines, telling the fenced ones from prose: code may hold `## ` too."""
    lines: list[_Line] = []
    opened = 0
    for number, text in enumerate(markdown.split("\n"), start=1):
        is_fence = text.startswith("```")
        lines.append(_Line(number, text, is_fence or bool(opened)))
        if is_fence:
            opened = 0 if opened else number
    if opened:
        raise CardError(file, opened, "this code block is never closed")
    return lines


def _section(lines: list[_Line]) -> Section:
    body = "\n".join(line.text for line in lines[1:]).strip()
    return Section(lines[0].text[3:].strip(), body, lines[0].number)


def _require_sections(sections: tuple[Section, ...], file: str) -> None:
    for found, wanted in zip(sections, SECTIONS, strict=False):
        if found.title != wanted:
            raise CardError(file, found.line, f"`## {wanted}` belongs here, not `## {found.title}`")
        if not found.body:
            raise CardError(file, found.line, f"`## {found.title}` is empty")
    if len(sections) < len(SECTIONS):
        end = sections[-1].line if sections else 1
        raise CardError(file, end, f"`## {SECTIONS[len(sections)]}` is missing after this part")
    if len(sections) > len(SECTIONS):
        extra = sections[len(SECTIONS)]
        raise CardError(file, extra.line, f"no card has a part called `## {extra.title}`")


@dataclass(frozen=True, slots=True)
class _Fields:
    """The toml block of a card, read field by field; `line` is where it begins."""

    values: Mapping[str, object]
    file: str
    line: int

    def text(self, key: str) -> str:
        """Return a field that must be a string."""
        value = self.values.get(key)
        if not isinstance(value, str) or not value:
            raise CardError(self.file, self.line, f"`{key}` should be a string")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a field that must be a list of strings."""
        value = self.values.get(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise CardError(self.file, self.line, f"`{key}` should be a list of strings")
        return tuple(value)

    def choice(self, key: str, allowed: list[str]) -> str:
        """Return a field that must be one of the words `allowed`."""
        value = self.text(key)
        if value not in allowed:
            wanted = ", ".join(allowed)
            raise CardError(self.file, self.line, f"`{key}` is {value!r}, not one of {wanted}")
        return value


def _fields(head: list[_Line], file: str) -> tuple[_Fields, list[_Line]]:
    """Split what stands before the first `##` into the toml block and the lines below it."""
    opening = next((i for i, line in enumerate(head) if line.text.strip()), None)
    if opening is None or head[opening].text != "```toml":
        raise CardError(file, 2, "a ```toml block belongs below the title")
    start = opening + 1
    end = next(i for i in range(start, len(head)) if head[i].text.startswith("```"))
    line = head[opening].number
    try:
        values = tomllib.loads("\n".join(entry.text for entry in head[start:end]))
    except tomllib.TOMLDecodeError as error:
        raise CardError(file, line, f"the toml block cannot be read: {error}") from None
    if unknown := sorted(values.keys() - FIELDS):
        raise CardError(file, line, f"no card has a field called `{unknown[0]}`")
    return _Fields(values, file, line), head[end + 1 :]


def _message(rest: list[_Line], file: str) -> str:
    """Join the one paragraph that stands between the toml block and the first `##`."""
    prose = [line for line in rest if line.text.strip()]
    if not prose:
        raise CardError(file, rest[0].number if rest else 1, "the message sentence is missing")
    if prose[-1].number - prose[0].number != len(prose) - 1 or any(p.is_code for p in prose):
        raise CardError(file, prose[0].number, "the message should be a single paragraph")
    return " ".join(line.text.strip() for line in prose)


def _examples(lines: list[_Line], file: str) -> tuple[Example, ...]:
    """Collect the fenced programs of `## Bad` and `## Good`."""
    examples: list[Example] = []
    numbers = dict.fromkeys(EXAMPLE_SECTIONS, 0)
    section = ""
    block: list[_Line] | None = None
    for line in lines:
        if not line.is_code and line.text.startswith("## "):
            section = line.text[3:].strip()
        elif section not in EXAMPLE_SECTIONS or not line.is_code:
            continue
        elif block is None:
            if line.text != "```python":
                raise CardError(file, line.number, "an example begins with ```python")
            block = []
        elif line.text.startswith("```"):
            numbers[section] += 1
            examples.append(_example(section, numbers[section], block, line.number, file))
            block = None
        else:
            block.append(line)
    for title, count in numbers.items():
        if not count:
            heading = next(ln.number for ln in lines if ln.text.rstrip() == f"## {title}")
            raise CardError(file, heading, f"`## {title}` has no example")
    return tuple(examples)


def _example(section: str, number: int, block: list[_Line], end: int, file: str) -> Example:
    if not block:
        raise CardError(file, end, "this example is empty")
    expectations: list[Expectation] = []
    for offset, line in enumerate(block, start=1):
        for match in EXPECTATION.finditer(line.text):
            kind, value = match["kind"], match["value"].strip()
            if bool(match["colon"]) != bool(value) or (not value and kind != "finds"):
                raise CardError(file, line.number, f"`# {kind}` needs a colon and a value")
            expectations.append(Expectation(kind, offset, value))
    finds = any(e.kind == "finds" for e in expectations)
    if finds != (section == "Bad"):
        problem = "says nowhere what it `# finds`" if section == "Bad" else "should find nothing"
        raise CardError(file, block[0].number, f"this {section.lower()} example {problem}")
    source = "\n".join(line.text for line in block) + "\n"
    return Example(section, number, source, block[0].number, tuple(expectations))
