"""Where a file is, said the same from every directory: relative to the root of its repository."""

from __future__ import annotations

import os.path
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from urllib.parse import quote

from tapelint.report.context import Context, git_root_of


@dataclass(frozen=True, slots=True)
class Roots:
    """Find the root a path is shown relative to, and remember what was looked up on disk."""

    context: Context
    known: dict[Path, Path | None] = field(default_factory=dict)

    def relative(self, path: str) -> str:
        """Return `path` with POSIX separators from its root, or absolute where it has none."""
        absolute = Path(os.path.abspath(self.context.cwd / path))
        for file in (absolute, Path(os.path.realpath(absolute))):
            for root in (self.context.git_root, self._own_root(file.parent), self.context.cwd):
                if root is not None and file.is_relative_to(root):
                    return file.relative_to(root).as_posix()
        return absolute.as_posix()

    def uri(self, path: str) -> str:
        """Return `relative(path)` percent-encoded: a relative reference, else a `file:` URI."""
        shown = self.relative(path)
        quoted = quote(shown, safe="/~", errors="surrogateescape")
        if not PurePath(shown).is_absolute():
            return quoted
        return "file://" + (quoted if quoted.startswith("/") else f"/{quoted}")

    def _own_root(self, folder: Path) -> Path | None:
        if folder not in self.known:
            self.known[folder] = git_root_of(folder)
        return self.known[folder]
