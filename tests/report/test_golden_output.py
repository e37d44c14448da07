"""Every format prints the same findings as it did when someone last looked and liked it.

Run with `TAPELINT_GOLDEN=write` to accept what is printed now, then read the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from samples import ALL, context

from tapelint.report import render

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(
    ("file", "format_name", "width", "colour"),
    [
        ("text-60.txt", "text", 60, False),
        ("text-100.txt", "text", 100, False),
        ("text-colour.txt", "text", 80, True),
        ("concise.txt", "concise", 80, False),
        ("github.txt", "github", 80, False),
        ("gitlab.json", "gitlab", 80, False),
        ("findings.json", "json", 80, False),
        ("results.sarif.json", "sarif", 80, False),
    ],
)
def test_a_report_looks_as_it_was_accepted(
    file: str, format_name: str, width: int, colour: bool
) -> None:
    printed = render(format_name, ALL, context(width=width, colour=colour))
    if format_name == "sarif":
        # The rules change with their cards, and numbers of rules with them.
        results = json.loads(printed)["runs"][0]["results"]
        for result in results:
            result.pop("ruleIndex", None)
        printed = json.dumps(results, indent=1) + "\n"
    if os.environ.get("TAPELINT_GOLDEN") == "write":
        (GOLDEN / file).write_text(printed, encoding="utf-8", newline="\n")
    assert printed == (GOLDEN / file).read_text(encoding="utf-8")
