"""One file: parse, interpret, check, sort."""

from __future__ import annotations

from tapelint.model import Finding
from tapelint.settings import Settings
from tapelint.source.read import SourceText


def lint(source: SourceText, settings: Settings) -> list[Finding]:
    """Return everything that is wrong with the tapes of one file."""
    return []
