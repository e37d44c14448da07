"""One file: parse, interpret, check, look at its comments, sort."""

from __future__ import annotations

from collections.abc import Callable

from tapelint import registry
from tapelint.analysis import outline
from tapelint.analysis.interpreter import TAPE
from tapelint.analysis.program import Program
from tapelint.analysis.stack import with_large_stack
from tapelint.analysis.syntax import SyntaxProblem, Unit
from tapelint.model import Finding
from tapelint.settings import Settings
from tapelint.source import suppress
from tapelint.source.idle import comment_findings
from tapelint.source.read import SourceText, unreadable_file
from tapelint.source.suppress import Suppression


def lint(source: SourceText, settings: Settings) -> list[Finding]:
    """Return everything that is wrong with the tapes of one file."""
    unit = Unit(source)
    try:
        body = unit.body
        observations = with_large_stack(
            lambda: Program(source.path, settings.beliefs).run_module(body)
        )
    except SyntaxProblem as problem:
        return [unreadable_file(source.path, problem.message, problem.line, problem.column)]
    findings = [
        finding for check in registry.check_functions().values() for finding in check(observations)
    ]
    here = [finding for finding in findings if finding.span.path == source.path]
    findings += comment_findings(source, here, registry.codes, judge(source.text))
    return sorted(findings, key=lambda finding: finding.sort_key)


def judge(text: str) -> Callable[[Suppression], bool]:
    """Return the test whether all that a comment might hold is found in this file alone.

    What stands in a function without a tape may be reached from another file.
    """
    open_lines: set[int] = set()
    is_read = not suppress.is_silent(text)
    if is_read:
        lines = text.split("\n")
        for function in outline.outline(text) or ():
            if not any(TAPE in line for line in lines[function.line - 1 : function.last_line]):
                open_lines.update(range(function.first_line, function.last_line + 1))

    def is_judged(asked: Suppression) -> bool:
        return asked.covers not in open_lines if asked.covers is not None else not open_lines

    return is_judged
