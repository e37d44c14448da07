"""Lists for a terminal or a script: all rules, how often each was found, the settings in effect."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from tapelint.registry import Rule
from tapelint.settings import Settings
from tapelint.terminal import Painter, Style, width, wrap

FORMATS = ("text", "json")
VERSION = 1
# Prose longer than this is hard to follow, however wide the terminal is.
WIDEST = 120


def rules(
    listed: Iterable[Rule], format_name: str, *, columns: int | None = None, colour: bool = False
) -> str:
    """Return all rules, in text one a line unless `columns` asks for them to be wrapped."""
    if format_name == "json":
        return _json({"rules": [_rule(rule) for rule in listed]})
    listed = list(listed)
    paint = Painter(colour)
    longest = max((width(rule.name) for rule in listed), default=0)
    lines: list[str] = []
    for rule in listed:
        code = f"{rule.code} {'' if rule.is_default else '-'}"
        head = f"{code:<8}{rule.name:<{longest}}  "
        first, *more = _wrapped(rule.card.message, head, columns)
        lines.append(paint(head, Style.STRONG) + paint.code(first))
        lines += [paint.code(line) for line in more]
    if not all(rule.is_default for rule in listed):
        note = "A rule marked - runs only when it is selected."
        lines += ["", paint(note, Style.FAINT)]
    return "\n".join(lines) + "\n"


def statistics(
    rows: Sequence[tuple[int, str, str]], format_name: str, *, colour: bool = False
) -> str:
    """Return how often each rule was found, from rows of a count, a code and a name."""
    if format_name == "json":
        counts = [{"code": code, "name": name, "count": count} for count, code, name in rows]
        return _json({"statistics": counts})
    paint = Painter(colour)
    digits = max((len(str(count)) for count, _, _ in rows), default=0)
    return "".join(
        f"{count:>{digits}}  {paint(code, Style.STRONG)}  {name}\n" for count, code, name in rows
    )


def settings(found: Settings, codes: Iterable[str]) -> str:
    """Return the settings in effect, with the rules they come to, as settings files say it."""
    origin = f"from {found.path}" if found.path else "no settings file was found or asked for"
    values: dict[str, object] = {
        "select": sorted(codes),
        "exclude": [*found.exclude, *found.extend_exclude],
        "respect-gitignore": found.respect_gitignore,
        "force-exclude": found.force_exclude,
        "min-confidence": found.min_confidence.value,
        "seconds-per-file": found.seconds,
    }
    lines = [f"# {origin}", *(f"{key} = {_toml(value)}" for key, value in values.items())]
    if found.per_file_ignores:
        lines += ["", "[per-file-ignores]"]
        lines += [
            f"{_toml(entry.pattern)} = {_toml(list(entry.ignore))}"
            for entry in found.per_file_ignores
        ]
    if found.beliefs:
        lines += ["", "[knowledge]"]
        lines += [f"{_toml(name)} = {_toml(belief.value)}" for name, belief in found.beliefs]
    return "\n".join(lines) + "\n"


def _wrapped(message: str, head: str, columns: int | None) -> list[str]:
    if columns is None:
        return [message]
    indent = width(head)
    first, *more = wrap(message, min(columns, WIDEST) - indent)
    return [first, *(" " * indent + line for line in more)]


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "code": rule.code,
        "name": rule.name,
        "group": rule.group,
        "severity": rule.severity.value,
        "confidence": rule.confidence.value,
        "stability": rule.card.stability.value,
        "fix": rule.card.fix.value,
        "default": rule.is_default,
        "since": rule.card.since,
        "aliases": list(rule.card.aliases),
        "message": rule.card.message,
    }


def _json(content: dict[str, object]) -> str:
    # ASCII alone survives every terminal and pipe.
    return json.dumps({"version": VERSION, **content}, indent=2) + "\n"


def _toml(value: object) -> str:
    """Spell a value in TOML, whose strings, numbers, lists and truth values are those of JSON."""
    return json.dumps(value, ensure_ascii=False)
