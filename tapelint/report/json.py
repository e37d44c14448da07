"""Findings as one versioned JSON document, described by `json-v1.schema.json` beside this file.

Within a version fields are only ever added.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from tapelint.model import Finding, Severity, Span, Step
from tapelint.report import verification
from tapelint.report.context import Context

VERSION = 1


def write(findings: Sequence[Finding], context: Context) -> str:
    """Return the document; paths are those that the text output shows."""
    document: dict[str, object] = {
        "version": VERSION,
        "tool": {"name": "tapelint", "version": context.version},
        "findings": [_finding(finding) for finding in findings],
        "summary": _summary(findings, context),
    }
    if context.run is not None:
        document["run"] = dict(context.run)
    # ASCII alone survives every terminal and pipe, whatever is in the sources.
    return json.dumps(document, indent=2) + "\n"


def _finding(finding: Finding) -> dict[str, object]:
    entry: dict[str, object] = {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": finding.message,
        "help": finding.help,
        "span": _span(finding.span),
        "steps": [_step(step) for step in finding.steps],
    }
    if finding.evidence is not None:
        entry["verification"] = verification.data(finding.evidence)
    return entry


def _step(step: Step) -> dict[str, object]:
    return {"role": step.role.value, "message": step.message, "span": _span(step.span)}


def _span(span: Span) -> dict[str, object]:
    return {
        "path": span.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _summary(findings: Sequence[Finding], context: Context) -> dict[str, object]:
    counts = {
        f"{severity.value}s": sum(finding.severity is severity for finding in findings)
        for severity in Severity
    }
    return {
        "findings": len(findings),
        **counts,
        "files_with_findings": len({finding.span.path for finding in findings}),
        "files_checked": context.checked,
        "suppressed": context.suppressed,
        "refuted": context.refuted,
    }
