"""Findings as a code quality report, which GitLab shows in merge requests."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence

from tapelint.model import Finding, Severity
from tapelint.report import verification
from tapelint.report.context import Context
from tapelint.report.fingerprint import span_hashes
from tapelint.report.uris import Roots

SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}


def write(findings: Sequence[Finding], context: Context) -> str:
    """Return a list of issues; one is known again, by its fingerprint, after lines have moved."""
    roots = Roots(context)
    hashes = span_hashes(findings, context)
    seen: Counter[str] = Counter()
    issues = []
    for finding in findings:
        path = roots.relative(finding.span.path)
        what = f"{path}\n{finding.code}\n{hashes.get(finding.span, finding.message)}"
        # Of two issues with the same fingerprint GitLab shows one.
        seen[what] += 1
        issues.append(
            {
                "description": _description(finding),
                "check_name": f"{finding.code} {finding.name}",
                "fingerprint": _fingerprint(f"{what}\n{seen[what]}"),
                "severity": SEVERITIES[finding.severity],
                "location": {
                    "path": path,
                    "lines": {"begin": finding.span.line, "end": finding.span.end_line},
                },
            }
        )
    return json.dumps(issues, indent=2) + "\n"


def _description(finding: Finding) -> str:
    parts = [finding.message]
    if finding.help:
        parts.append(f"help: {finding.help}")
    if finding.evidence is not None:
        parts.append(f"run: {verification.sentence(finding.evidence)}")
    return " ".join("; ".join(parts).split())


def _fingerprint(what: str) -> str:
    return hashlib.sha256(what.encode("utf-8", "backslashreplace")).hexdigest()[:32]
