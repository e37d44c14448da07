"""The code quality report for GitLab."""

from __future__ import annotations

import json
from typing import Any

from samples import ALL, NUMPY, context, finding

from tapelint.model import Finding, Span
from tapelint.report import render
from tapelint.report.context import Context


def issues(findings: list[Finding], given: Context | None = None) -> list[dict[str, Any]]:
    """Return the report as data."""
    listed: list[dict[str, Any]] = json.loads(render("gitlab", findings, given or context()))
    return listed


def reading(text: str) -> Context:
    """Return a context in which every file has this text."""
    return Context(lambda path: text, context().cwd, data=lambda path: text.encode())


def test_nothing_found_is_an_empty_list() -> None:
    assert issues([]) == []


def test_an_issue_has_what_gitlab_asks_for() -> None:
    wanted = {"description", "check_name", "fingerprint", "severity", "location"}
    for issue in issues(list(ALL)):
        assert set(issue) == wanted
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")


def test_no_two_issues_share_a_fingerprint() -> None:
    listed = issues([NUMPY, NUMPY, *ALL])
    assert len({issue["fingerprint"] for issue in listed}) == len(listed)


def test_a_fingerprint_stays_when_lines_move() -> None:
    code = "y = np.exp(x)\n"
    (before,) = issues([finding(Span("a.py", 1, 5, 1, 14))], reading(code))
    (after,) = issues([finding(Span("a.py", 3, 5, 3, 14))], reading(f"\n# new\n{code}"))
    (other,) = issues([finding(Span("a.py", 1, 5, 1, 14))], reading(code.replace("exp", "log")))
    assert before["fingerprint"] == after["fingerprint"] != other["fingerprint"]
