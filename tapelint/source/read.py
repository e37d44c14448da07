"""Bytes of a user's file -> text, or one sentence that says why not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceText:
    """A decoded file. `path` is what the user sees (POSIX separators, relative where possible).

    `text` has no byte order mark and only `\\n` line ends, so that line N here is line N there.
    """

    path: str
    text: str
