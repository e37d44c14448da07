"""Paths on the command line -> the files to check, each once and in a fixed order.

Folders are searched with restraint (`exclude`, `.gitignore`, no links to folders); what is named
is always checked, unless `exclude` is to be forced.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tapelint.source.ignores import Ignores, Patterns, above, compile_patterns
from tapelint.source.read import reason

SUFFIXES = (".py", ".pyw")


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a search gave. `files` pairs each file with the path that the user sees.

    `missing` are the given paths that do not exist, `unlisted` the folders that cannot be
    searched, each with the reason.
    """

    files: tuple[tuple[Path, str], ...]
    missing: tuple[str, ...] = ()
    unlisted: tuple[tuple[str, str], ...] = ()


def discover(
    paths: Sequence[Path],
    *,
    exclude: Sequence[str] = (),
    root: Path | None = None,
    respect_gitignore: bool = True,
    force_exclude: bool = False,
) -> Discovery:
    """Find the Python files at and below `paths`, of which files are taken as they are.

    `exclude` has patterns in the syntax of `.gitignore`, relative to `root` (the current folder
    if none is given). With `force_exclude` they speak about `paths` too.
    """
    working = os.getcwd()
    search = _Search(working, str(root or working), tuple(exclude), respect_gitignore)
    missing: list[str] = []
    for path in paths:
        if force_exclude and is_excluded(path, exclude, root):
            continue
        if os.path.isdir(path):
            search.folder(path)
        elif os.path.lexists(path):
            search.file(path, os.path.realpath(path), is_link=path.is_symlink())
        else:
            missing.append(show(path, working))
    files = sorted(search.found.values(), key=lambda pair: pair[1])
    return Discovery(tuple(files), tuple(missing), tuple(sorted(search.unlisted)))


def is_excluded(path: Path, exclude: Sequence[str], root: Path | None = None) -> bool:
    """Tell whether `exclude`, relative to `root`, leaves out `path` or a folder it lies in."""
    base = os.path.realpath(root or os.getcwd())
    full = os.path.realpath(path)
    # What lies outside is not spoken of: a project may well live in a folder called `build`.
    if not full.startswith(base.rstrip(os.sep) + os.sep):
        return False
    patterns = compile_patterns(base, exclude)
    return bool(patterns and patterns.verdict(full, is_folder=os.path.isdir(full)))


def show(path: Path, working: str) -> str:
    """Return `path` as the user sees it: relative to `working` when below it, else as given.

    Bytes of a name that are not UTF-8 are spelled out: what is shown can always be printed, and
    asked of the system, whose own encoding may have no more than ASCII.
    """
    given = os.path.normpath(path)
    if os.path.isabs(given):
        below = given.startswith(working.rstrip(os.sep) + os.sep)
        given = os.path.relpath(given, working) if below else given
    elif ".." in path.parts:
        given = str(path)
    name = os.fsencode(given)
    plain = name.decode("utf-8", "backslashreplace")
    try:
        os.fsencode(plain)
    except UnicodeEncodeError:
        plain = name.decode("ascii", "backslashreplace")
    return plain.replace(os.sep, "/")


@dataclass(slots=True)
class _Search:
    """The state of one search. `found` is keyed by the real path, so that each file is met once."""

    working: str
    root: str
    exclude: tuple[str, ...]
    respect_gitignore: bool
    found: dict[str, tuple[Path, str]] = field(default_factory=dict)
    links: set[str] = field(default_factory=set)
    unlisted: set[tuple[str, str]] = field(default_factory=set)

    def file(self, path: Path, real: str, *, is_link: bool) -> None:
        """Take a file, under its own name rather than that of a link to it."""
        if real in self.found and (is_link or real not in self.links):
            return
        self.found[real] = (path, show(path, self.working))
        (self.links.add if is_link else self.links.discard)(real)

    def folder(self, start: Path) -> None:
        """Search the folder `start` and all below it."""
        real_start = os.path.realpath(start)
        excluded = self._excluded(real_start)
        ignores = above(real_start) if self.respect_gitignore else Ignores()
        if ignores.is_ignored(real_start, is_folder=True):
            ignores = Ignores()  # it was asked for by name
        waiting = [(start, real_start, ignores)]
        while waiting:
            folder, real, ignores = waiting.pop()
            try:
                with os.scandir(folder) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
            except OSError as error:
                self.unlisted.add((show(folder, self.working), reason(error)))
                continue
            # An environment of any name is recognised by this file (PEP 405).
            if folder is not start and any(entry.name == "pyvenv.cfg" for entry in entries):
                continue
            if self.respect_gitignore:
                ignores = ignores.entering(real)
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                if not is_folder and not _is_python(entry):
                    continue
                below = os.path.join(real, entry.name)
                if excluded is not None and excluded.verdict(below, is_folder):
                    continue
                if ignores.is_ignored(below, is_folder):
                    continue
                if is_folder:
                    waiting.append((folder / entry.name, below, ignores))
                elif entry.is_symlink():
                    self.file(folder / entry.name, os.path.realpath(below), is_link=True)
                else:
                    self.file(folder / entry.name, below, is_link=False)

    def _excluded(self, start: str) -> Patterns | None:
        """Compile `exclude` for a search from `start`, which itself was asked for by name."""
        root = os.path.realpath(self.root)
        patterns = compile_patterns(root, self.exclude)
        if patterns is None or start == root:
            return patterns
        if start.startswith(root.rstrip(os.sep) + os.sep) and not patterns.verdict(start, True):
            return patterns
        # Names above it must not count: a project may well live in a folder called `build`.
        return compile_patterns(start, self.exclude)


def _is_python(entry: os.DirEntry[str]) -> bool:
    """Tell whether a search takes this entry; a link to a folder is met where the folder is."""
    if not entry.name.lower().endswith(SUFFIXES):
        return False
    # for: .#train.py -> someone@somewhere.4711, the lock that Emacs puts beside an open file
    if entry.is_symlink():
        # Unlike the entry's own method this has an answer for links that lead in circles, too.
        return not entry.name.startswith(".#") and not os.path.isdir(entry.path)
    return entry.is_file()
