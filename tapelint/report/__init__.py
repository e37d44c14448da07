"""Turn findings into text: one writer a file, all with the same signature.

`render("text", findings, Context(...))` returns what to print, line end included.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from tapelint.model import Finding
from tapelint.report.context import Context, git_root_of

__all__ = ["FORMATS", "Context", "git_root_of", "render"]

FORMATS = ("text", "concise", "json", "sarif", "github", "gitlab")


def render(format_name: str, findings: Sequence[Finding], context: Context) -> str:
    """Return `findings`, in the order of their places, in one of `FORMATS`.

    Raises `ValueError` for any other name. The result ends in a line end unless it is empty.
    """
    if format_name not in FORMATS:
        raise ValueError(f"no format is called {format_name!r}")
    # Only the writer that is asked for is imported: most runs print text.
    writer = importlib.import_module(f"{__name__}.{format_name}")
    ordered = sorted(findings, key=lambda finding: finding.sort_key)
    text: str = writer.write(ordered, context)
    return text
