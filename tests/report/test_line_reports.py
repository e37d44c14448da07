"""The formats that print one line a finding: concise and workflow commands."""

from __future__ import annotations

import pytest
from samples import ALL, NUMPY, context, finding

from tapelint.model import Finding, Severity, Span
from tapelint.report import render


@pytest.mark.parametrize("format_name", ["concise", "github"])
def test_nothing_found_prints_nothing(format_name: str) -> None:
    assert render(format_name, [], context()) == ""


@pytest.mark.parametrize("format_name", ["concise", "github"])
def test_every_finding_is_one_line(format_name: str) -> None:
    assert render(format_name, ALL, context()).count("\n") == len(ALL)


def test_concise_is_place_code_and_sentence() -> None:
    assert render("concise", [NUMPY], context()) == (
        "train.py:11:9: TAP201 the gradient of `loss` with respect to `w` is None: "
        "cut by `np.mean`\n"
    )


@pytest.mark.parametrize(
    ("severity", "command"),
    [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.NOTE, "notice")],
)
def test_a_severity_is_a_workflow_command(severity: Severity, command: str) -> None:
    given = Finding("TAP201", "numpy-in-tape", "wrong", NUMPY.span, severity, NUMPY.confidence)
    assert render("github", [given], context()) == (
        f"::{command} file=train.py,line=11,endLine=11,col=9,endColumn=19,"
        "title=TAP201 numpy-in-tape::wrong\n"
    )


def test_a_workflow_command_cannot_be_broken_out_of() -> None:
    at = Span("a,b:c%\n::d.py", 1, 1, 1, 2)
    given = finding(at, message="100%\r\n::error::a: b, c", help="e%")
    assert render("github", [given], context()) == (
        "::error file=a%2Cb%3Ac%25%0A%3A%3Ad.py,line=1,endLine=1,col=1,endColumn=2,"
        "title=TAP201 numpy-in-tape::100%25%0D%0A::error::a: b, c%0Ahelp: e%25\n"
    )


def test_a_span_over_several_lines_names_no_columns() -> None:
    printed = render("github", [finding(Span("a.py", 1, 5, 3, 2))], context())
    assert "line=1,endLine=3,title=" in printed
