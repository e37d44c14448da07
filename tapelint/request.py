"""What is asked for on the command line -> settings and files, and an answer in the end.

Everything that is wrong with a request becomes a sentence; what is right about it is still done.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from tapelint import session
from tapelint import settings as settings_files
from tapelint.model import Confidence
from tapelint.report import Context, git_root_of, render
from tapelint.session import Result
from tapelint.settings import Selection, Settings, SettingsError
from tapelint.source.read import Unreadable, read
from tapelint.source.walk import discover, is_excluded, show

STDIN = "-"
# Formats whose readers want paths from the root of the repository.
ROOTED = frozenset({"sarif", "github", "gitlab"})
STDIN_NAME = "<stdin>"


@dataclass(frozen=True, slots=True)
class Request:
    """The command line, of which None and empty tuples leave the settings file its say."""

    paths: tuple[str, ...]
    stdin_filename: str | None = None
    config: str | None = None
    is_isolated: bool = False
    selection: Selection = field(default_factory=Selection)
    exclude: tuple[str, ...] = ()
    extend_exclude: tuple[str, ...] = ()
    respect_gitignore: bool | None = None
    force_exclude: bool | None = None
    min_confidence: Confidence | None = None

    def settings(self) -> Settings:
        """Read the settings file and put the command line on top.

        Raises `SettingsError` for a file that cannot be used and for selectors that name no rule.
        """
        found = self._file()
        root = found.root or Path.cwd()
        changes: dict[str, object] = {}
        if self.exclude:
            changes["exclude"] = _rebased(self.exclude, root)
        if self.extend_exclude:
            changes["extend_exclude"] = found.extend_exclude + _rebased(self.extend_exclude, root)
        for name in ("respect_gitignore", "force_exclude", "min_confidence"):
            if (value := getattr(self, name)) is not None:
                changes[name] = value
        found = replace(found, **changes)  # type: ignore[arg-type]  # one type for each name
        problems = [*_unknown(found), *_unknown(self.selection)]
        if problems:
            raise SettingsError(*problems)
        return found.overridden(self.selection)

    def _file(self) -> Settings:
        if self.config is not None:
            return settings_files.load(Path(self.config))
        path = None if self.is_isolated else settings_files.find(self._start())
        if path is None:
            return Settings()
        # Errors name the file: shorter is better.
        working = Path.cwd()
        return settings_files.load(path.relative_to(working) if working in path.parents else path)

    def _start(self) -> Path:
        """Return the folder that holds everything to check: settings are looked for from there."""
        named = [self.stdin_filename or "." if path == STDIN else path for path in self.paths]
        folders = [path if os.path.isdir(path) else os.path.dirname(path) for path in named]
        try:
            return Path(os.path.commonpath([os.path.abspath(folder) for folder in folders]))
        except ValueError:  # they are on several drives, or there are none
            return Path.cwd()


@dataclass(frozen=True, slots=True)
class Inputs:
    """What there is to check. `problems` has a sentence for each path that leads nowhere.

    `stdin_name` is how findings in standard input are placed, None where it is not to be read.
    """

    files: tuple[tuple[Path, str], ...]
    stdin_name: str | None
    unlisted: tuple[tuple[str, str], ...]
    problems: tuple[str, ...]


def inputs(request: Request, settings: Settings, commands: tuple[str, ...] = ()) -> Inputs:
    """Find the files to check; `commands` are words that may have been meant as such."""
    given = [path for path in request.paths if path != STDIN]
    discovery = discover(
        [Path(path) for path in given if path],
        exclude=settings.exclude + settings.extend_exclude,
        root=settings.root,
        respect_gitignore=settings.respect_gitignore,
        force_exclude=settings.force_exclude,
    )
    problems = [_lost(path, commands) for path in discovery.missing]
    if not all(given):
        problems.append("a path is empty: give a file, a folder, or `-` for standard input")
    if request.stdin_filename is not None and STDIN not in request.paths:
        problems.append("`--stdin-filename` names what `-` reads: give `-` as a path too")
    name = _stdin_name(request, settings) if STDIN in request.paths else None
    return Inputs(discovery.files, name, discovery.unlisted, tuple(problems))


def report(
    result: Result,
    format_name: str,
    *,
    colour: bool,
    columns: int,
    stdin: tuple[str, bytes] | None = None,
    with_statistics: bool = False,
) -> str:
    """Return the findings of a run in one of the formats, or only how many there are of each."""
    given = dict([stdin] if stdin else [])
    context = Context(
        source=_source(result.sources),
        cwd=Path.cwd(),
        git_root=git_root_of(Path.cwd()) if format_name in ROOTED else None,
        data=given.get,
        colour=colour,
        width=columns,
        checked=result.files_checked,
        suppressed=result.suppressed,
        refuted=result.refuted,
    )
    if not with_statistics:
        return render(format_name, result.findings, context)
    from tapelint import listing
    from tapelint.report import text

    counts = listing.statistics(session.count_by_code(result.findings), format_name, colour=colour)
    is_summed_up = format_name == "text"
    return counts + (f"{text.summary(result.findings, context)}\n" if is_summed_up else "")


def _stdin_name(request: Request, settings: Settings) -> str | None:
    if request.stdin_filename is None:
        return STDIN_NAME
    path = Path(request.stdin_filename)
    exclude = settings.exclude + settings.extend_exclude
    if settings.force_exclude and is_excluded(path, exclude, settings.root):
        return None
    return show(path, os.getcwd())


def _source(known: Mapping[str, str]) -> Callable[[str], str | None]:
    """Return what gives reports the text of a file: steps may lie in files without findings."""

    @cache
    def text(path: str) -> str | None:
        if path in known:
            return known[path]
        try:
            return read(Path(path), path).text
        except Unreadable:
            return None

    return text


def _unknown(place: Settings | Selection) -> Iterator[str]:
    """Yield a sentence for each selector that names no rule."""
    if not place.words:
        return
    from tapelint import registry

    if isinstance(place, Settings):
        named = [(str(place.path), word) for word in place.words]
    else:
        named = [
            (f"--{name.replace('_', '-')}", word)
            for name in ("select", "extend_select", "ignore")
            for word in getattr(place, name)
        ]
    for origin, word in named:
        try:
            registry.select([word])
        except registry.UnknownRule as error:
            advice = "" if error.suggestion else " (see `tapelint rules`)"
            yield f"{origin}: {error}{advice}"


def _lost(path: str, commands: tuple[str, ...]) -> str:
    """Say that a path does not exist, and what it may have been meant to be."""
    if path in commands:
        return f"`{path}` is no path here, and a command comes first: `tapelint {path} ...`"
    folder, name = os.path.split(path)
    try:
        near = difflib.get_close_matches(name, os.listdir(folder or "."), n=1)
    except OSError:
        near = []
    meant = show(Path(folder, near[0]), os.getcwd()) if near else _command(path, commands)
    advice = f", did you mean `{meant}`?" if meant else ": give a file, a folder, or `-`"
    return f"`{path}` does not exist{advice}"


def _command(word: str, commands: tuple[str, ...]) -> str | None:
    """Return the command that a word is almost, or the option that other programs have as one."""
    if word in ("help", "version"):
        return f"tapelint --{word}"
    near = difflib.get_close_matches(word, commands, n=1, cutoff=0.8)
    return f"tapelint {near[0]}" if near else None


def _rebased(patterns: tuple[str, ...], root: Path) -> tuple[str, ...]:
    """Turn patterns that are anchored where the user stands into some that are at `root`."""
    below = os.path.relpath(os.getcwd(), root).replace(os.sep, "/")
    if below == "." or below.startswith(".."):
        return patterns

    def moved(pattern: str) -> str:
        bang, body = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
        # for: --exclude old/ means any folder of this name, --exclude old/model.py one file
        is_anchored = "/" in body.rstrip("/")
        return f"{bang}/{below}/{body.removeprefix('/')}" if is_anchored else pattern

    return tuple(map(moved, patterns))
