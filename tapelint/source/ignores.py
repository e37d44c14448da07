"""Which paths of a walk are left out: `.gitignore` files, `.git/info/exclude`, and `exclude`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

# To git these mean no more than one. As a regular expression, many of them take for ever to fail.
STARS = re.compile(r"\*{3,}")


@dataclass(frozen=True, slots=True)
class Patterns:
    """Patterns in the syntax of `.gitignore`, relative to the folder `base`."""

    base: str
    spec: GitIgnoreSpec

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """Tell whether the patterns ignore `path` (True), ask for it (False), or are silent."""
        relative = os.path.relpath(path, self.base).replace(os.sep, "/")
        return self.spec.check_file(f"{relative}/" if is_folder else relative).include


@dataclass(frozen=True, slots=True)
class Ignores:
    """Everything that speaks about the entries of one folder; the last to speak decides."""

    layers: tuple[Patterns, ...] = ()

    def is_ignored(self, path: str, is_folder: bool) -> bool:
        """Tell whether the absolute `path` is left out."""
        for patterns in reversed(self.layers):
            verdict = patterns.verdict(path, is_folder)
            if verdict is not None:
                return verdict
        return False

    def entering(self, folder: str) -> Ignores:
        """Return what speaks inside the absolute `folder`, which may be a repository itself."""
        layers = self.layers
        if _is_repository(folder):
            layers = _read(_common(Path(folder, ".git")) / "info" / "exclude", folder)
        return Ignores(layers + _read(Path(folder, ".gitignore"), folder))


def compile_patterns(base: str, lines: Iterable[str]) -> Patterns | None:
    """Compile patterns; those that are none are passed over, as git does."""
    kept = [short for line in lines if line.strip() and _is_pattern(short := STARS.sub("*", line))]
    return Patterns(base, GitIgnoreSpec.from_lines(kept)) if kept else None


def above(folder: str) -> Ignores:
    """Collect what the repository around the absolute `folder` says, from its root downwards."""
    parents = [str(parent) for parent in Path(folder).parents]
    root = next((i for i, parent in enumerate(parents) if _is_repository(parent)), None)
    ignores = Ignores()
    if root is None or _is_repository(folder):
        return ignores
    for parent in reversed(parents[: root + 1]):
        ignores = ignores.entering(parent)
    return ignores


def _is_repository(folder: str) -> bool:
    # Unlike Path.exists this has an answer for names that are too long, too.
    return os.path.exists(os.path.join(folder, ".git"))


def _read(file: Path, base: str) -> tuple[Patterns, ...]:
    try:
        # The patterns meet file names, whose odd bytes Python spells with surrogates too.
        text = file.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    except OSError:
        return ()
    patterns = compile_patterns(base, [line.removesuffix("\r") for line in text.split("\n")])
    return () if patterns is None else (patterns,)


def _is_pattern(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):  # for: [z-a]
        return False
    return True


def _common(git: Path) -> Path:
    """Follow the `.git` file of a worktree or submodule to the folder that holds `info`."""
    try:
        if git.is_file():
            git = git.parent / git.read_text("utf-8").removeprefix("gitdir:").strip()
        if (common := git / "commondir").is_file():
            git = git / common.read_text("utf-8").strip()
    except (OSError, ValueError):
        pass  # a broken repository has no say in what is checked
    return git
