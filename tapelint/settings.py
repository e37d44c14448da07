"""`[tool.tapelint]` in pyproject.toml, or tapelint.toml, and the command line -> typed settings.

Selectors stay words here: which rules they name is known to `tapelint.registry` alone.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from tapelint.model import Belief, Confidence

if sys.version_info >= (3, 11):
    import tomllib
else:  # the parser of the standard library is a copy of this one
    import tomli as tomllib

# What no one wants checked in a walk; environments of any name are recognised by their pyvenv.cfg.
EXCLUDED = (
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pyenv",
    ".pytest_cache",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    "__pycache__",
    "__pypackages__",
    "_build",
    "buck-out",
    "build",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
)
FILES = ("tapelint.toml", "pyproject.toml")


class SettingsError(ValueError):
    """Settings that cannot be used; `problems` has one sentence for each."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Selection:
    """Selectors from one place. `select` replaces what was chosen before, if there is any."""

    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Return all selectors of this place."""
        return self.select + self.extend_select + self.ignore


@dataclass(frozen=True, slots=True)
class FileIgnore:
    """Selectors that are ignored in the files that match `pattern`."""

    pattern: str
    ignore: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is asked to do.

    `selections` apply one after the other: the file's, then the command line's. `root` is the
    folder that patterns are relative to, the one of the settings file; with `force_exclude`, what
    is excluded is not even checked when it is named; `seconds` is the time that one file may take;
    `beliefs` are what the user says of functions by their dotted names;
    `path` is None where no settings file was read.
    """

    selections: tuple[Selection, ...] = ()
    per_file_ignores: tuple[FileIgnore, ...] = ()
    exclude: tuple[str, ...] = EXCLUDED
    extend_exclude: tuple[str, ...] = ()
    respect_gitignore: bool = True
    force_exclude: bool = False
    min_confidence: Confidence = Confidence.LIKELY
    seconds: float = 60.0
    beliefs: tuple[tuple[str, Belief], ...] = ()
    root: Path | None = None
    path: Path | None = None

    def overridden(self, selection: Selection) -> Settings:
        """Return these settings with the selectors of the command line on top."""
        return replace(self, selections=(*self.selections, selection))

    @property
    def words(self) -> tuple[str, ...]:
        """Return all selectors, to be looked up."""
        listed = [word for selection in self.selections for word in selection.words]
        return (*listed, *(word for entry in self.per_file_ignores for word in entry.ignore))


def find(folder: Path) -> Path | None:
    """Return the nearest settings file at or above `folder`.

    A pyproject.toml without `[tool.tapelint]` is passed over; next to a tapelint.toml it has no
    say. Raises `SettingsError` for a pyproject.toml that cannot be read.
    """
    for parent in (folder, *folder.parents):
        for name in FILES:
            path = parent / name
            if os.path.isfile(path) and (name == FILES[0] or _table(path) is not None):
                return path
    return None


def load(path: Path) -> Settings:
    """Read the settings file at `path`; raise `SettingsError` with every problem in it."""
    table = _table(path)
    if table is None:
        raise SettingsError(f"{path}: there is no `[tool.tapelint]` in this file")
    problems: list[str] = []
    values: dict[str, Any] = {}
    for key, value in table.items():
        option = OPTIONS.get(key)
        if option is None:
            problems.append(f"{path}: no setting is called `{key}`{_hint(key)}")
        elif (read := option.read(value)) is None:
            problems.append(f"{path}: `{key}` should be {option.wanted}")
        else:
            values[option.field] = read
    if problems:
        raise SettingsError(*problems)
    names = {field.name for field in fields(Selection)}
    selection = Selection(**{name: values.pop(name) for name in names & values.keys()})
    selections = (selection,) if selection.words else ()
    return Settings(selections=selections, root=path.resolve().parent, path=path, **values)


def _table(path: Path) -> Mapping[str, object] | None:
    """Return the table of a settings file that is ours, or None where it has none."""
    try:
        content: Mapping[str, Any] = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SettingsError(f"{path}: the settings cannot be read: {reason.lower()}") from None
    except ValueError as error:
        raise SettingsError(f"{path}: this is no TOML: {error}") from None
    if path.name != "pyproject.toml":
        return content
    tools = content.get("tool")
    table = tools.get("tapelint") if isinstance(tools, dict) else None
    if table is not None and not isinstance(table, dict):
        raise SettingsError(f"{path}: `tool.tapelint` should be a table")
    return table


def _hint(key: str) -> str:
    if key == "tool":
        return f": in {FILES[0]} they stand without `[tool.tapelint]`"
    near = difflib.get_close_matches(key.replace("_", "-"), OPTIONS, n=1)
    known = ", ".join(f"`{name}`" for name in OPTIONS)
    return f", did you mean `{near[0]}`?" if near else f": there are {known}"


@dataclass(frozen=True, slots=True)
class Option:
    """A key of the settings file: the field it fills, and how to read it (None: it is wrong)."""

    field: str
    wanted: str
    read: Callable[[object], object]


def _words(value: object) -> tuple[str, ...] | None:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _seconds(value: object) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and value > 0 else None  # type: ignore[arg-type,operator]


def _confidence(value: object) -> Confidence | None:
    return next((known for known in Confidence if known.value == value), None)


def _file_ignores(value: object) -> tuple[FileIgnore, ...] | None:
    if not isinstance(value, dict):
        return None
    entries = [(pattern, _words(listed)) for pattern, listed in value.items()]
    found = tuple(FileIgnore(pattern, words) for pattern, words in entries if words is not None)
    return found if len(found) == len(entries) else None


def _beliefs(value: object) -> tuple[tuple[str, Belief], ...] | None:
    if not isinstance(value, dict):
        return None
    words = {known.value: known for known in Belief}
    entries = [
        (name, words.get(word) if isinstance(word, str) else None) for name, word in value.items()
    ]
    found = tuple((name, belief) for name, belief in entries if belief is not None)
    return found if len(found) == len(entries) and all("." in name for name, _ in found) else None


_SELECTORS = 'a list of rules, for instance ["TAP201", "TAP3", "numpy-in-tape"]'
_PATTERNS = 'a list of patterns, for instance ["docs/", "*_generated.py"]'
OPTIONS: Mapping[str, Option] = {
    "select": Option("select", _SELECTORS, _words),
    "extend-select": Option("extend_select", _SELECTORS, _words),
    "ignore": Option("ignore", _SELECTORS, _words),
    "per-file-ignores": Option(
        "per_file_ignores", 'a table, for instance {"tests/*" = ["TAP201"]}', _file_ignores
    ),
    "exclude": Option("exclude", _PATTERNS, _words),
    "extend-exclude": Option("extend_exclude", _PATTERNS, _words),
    "respect-gitignore": Option("respect_gitignore", "true or false", _flag),
    "force-exclude": Option("force_exclude", "true or false", _flag),
    "min-confidence": Option("min_confidence", '"certain" or "likely"', _confidence),
    "knowledge": Option(
        "beliefs",
        'a table of dotted names that are "flows", "blocked" or "zeros", for instance'
        ' {"mylib.ops.quantize" = "blocked"}',
        _beliefs,
    ),
    "seconds-per-file": Option("seconds", "a number of seconds above 0", _seconds),
}
