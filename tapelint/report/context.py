"""What a report needs besides the findings: the sources they point into, and how to look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tapelint import __version__


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a report may show besides the findings themselves.

    `source` gives the text of a file by the path findings show, or None where there is none;
    its lines must be those the findings count in. `cwd` is what relative paths start from, and
    `git_root` (from `git_root_of(cwd)`) what code scanning wants them to start from. `data` gives
    the untouched bytes of a path that is not on disk, such as standard input. `checked` counts
    files, `suppressed` findings that comments or a baseline kept back, `refuted`
    those that a real tape refuted. `run` tells of a program that was watched. `width` is in
    columns.
    """

    source: Callable[[str], str | None]
    cwd: Path
    git_root: Path | None = None
    data: Callable[[str], bytes | None] | None = None
    version: str = __version__
    colour: bool = False
    width: int = 80
    checked: int = 0
    suppressed: int = 0
    refuted: int = 0
    run: Mapping[str, object] | None = None

    def lines(self, path: str) -> list[str]:
        """Return the lines of a file, or none where its text cannot be had."""
        text = self.source(path)
        # Not `splitlines`: a form feed ends no line of Python.
        return [] if text is None else text.split("\n")

    def content(self, path: str) -> bytes | None:
        """Return the bytes of a file as they are stored."""
        given = self.data(path) if self.data else None
        if given is not None:
            return given
        try:
            return (self.cwd / path).read_bytes()
        except OSError:
            text = self.source(path)
            return None if text is None else text.encode("utf-8", "surrogatepass")


def git_root_of(folder: Path) -> Path | None:
    """Return the nearest folder at or above `folder` that git calls a work tree, without git."""
    for candidate in (folder, *folder.parents):
        # A file called .git marks a submodule or another work tree of the same repository.
        if (candidate / ".git").exists():
            return candidate
    return None
