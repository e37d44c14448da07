"""Findings one a line, for editors and grep."""

from __future__ import annotations

from collections.abc import Sequence

from tapelint.model import Finding
from tapelint.report.context import Context
from tapelint.terminal import printable


def write(findings: Sequence[Finding], context: Context) -> str:
    """Return `path:line:column: CODE message` for each finding, its verdict behind it."""
    return "".join(f"{_line(finding)}\n" for finding in findings)


def _line(finding: Finding) -> str:
    span = finding.span
    place = f"{printable(span.path)}:{span.line}:{span.column}"
    verdict = f" [{finding.evidence.verdict.value}]" if finding.evidence else ""
    return f"{place}: {finding.code} {printable(finding.message)}{verdict}"
