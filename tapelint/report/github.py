"""Findings as workflow commands, which GitHub Actions shows beside the changed lines."""

from __future__ import annotations

from collections.abc import Sequence

from tapelint.model import Finding, Severity
from tapelint.report import verification
from tapelint.report.context import Context
from tapelint.report.uris import Roots

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def write(findings: Sequence[Finding], context: Context) -> str:
    """Return one workflow command a line; what it says below the sentence is the help."""
    roots = Roots(context)
    return "".join(f"{_command(finding, roots)}\n" for finding in findings)


def _command(finding: Finding, roots: Roots) -> str:
    span = finding.span
    properties = {
        "file": roots.relative(span.path),
        "line": str(span.line),
        "endLine": str(span.end_line),
    }
    if span.end_line == span.line:
        # An annotation over several lines must not name columns.
        properties |= {"col": str(span.column), "endColumn": str(span.end_column)}
    properties["title"] = f"{finding.code} {finding.name}"
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    lines = [finding.message]
    if finding.help:
        lines.append(f"help: {finding.help}")
    if finding.evidence is not None:
        lines.append(f"run: {verification.sentence(finding.evidence)}")
    text = "\n".join(lines)
    return f"::{COMMANDS[finding.severity]} {given}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
