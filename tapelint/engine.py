"""One file: parse, interpret, check, sort."""

from __future__ import annotations

from tapelint import registry
from tapelint.analysis.interpreter import Interpreter
from tapelint.analysis.stack import with_large_stack
from tapelint.analysis.syntax import SyntaxProblem, Unit
from tapelint.model import Finding
from tapelint.settings import Settings
from tapelint.source.read import SourceText, unreadable_file


def lint(source: SourceText, settings: Settings) -> list[Finding]:
    """Return everything that is wrong with the tapes of one file."""
    unit = Unit(source)
    try:
        body = unit.body
        observations = with_large_stack(
            lambda: Interpreter(source.path, settings.beliefs).run_module(body)
        )
    except SyntaxProblem as problem:
        return [unreadable_file(source.path, problem.message, problem.line, problem.column)]
    findings = [
        finding for check in registry.check_functions().values() for finding in check(observations)
    ]
    return sorted(findings, key=lambda finding: finding.sort_key)
