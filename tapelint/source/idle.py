"""What is wrong with the comments that keep findings back: TAP902 and TAP903.

A comment is idle where it holds no finding of any rule, selected or not. Only a part of a file that
was certainly looked at is judged: what a function without a tape does shows when its callers are
checked, and they may be elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tapelint.model import Confidence, Finding, Role, Severity, Span, Step
from tapelint.source.read import SourceText
from tapelint.source.suppress import ABOUT_COMMENTS, Selector, Suppression, suppressions

IDLE, UNREASONED = "TAP902", "TAP903"
# Findings that no comment is ever idle for.
META = frozenset({"TAP901", *ABOUT_COMMENTS})

Codes = Callable[[str], frozenset[str]]


def comment_findings(
    source: SourceText,
    found: Sequence[Finding],
    codes: Codes,
    is_judged: Callable[[Suppression], bool],
) -> Iterator[Finding]:
    """Yield what is wrong with the comments of a file in which `found` was found.

    `codes` tells which rules a selector names, `is_judged` whether all that a comment might hold
    would have been found.
    """
    for asked in suppressions(source.text):
        if not asked.reason:
            yield without_reason(source, asked)
        if is_judged(asked):
            for selector in asked.selectors or (asked.whole,):
                if is_idle(asked, selector, found, codes):
                    yield idle(source, selector, codes)


def is_idle(asked: Suppression, selector: Selector, found: Sequence[Finding], codes: Codes) -> bool:
    """Whether a selector of a comment (or the whole comment) keeps none of the findings back."""
    if asked.selectors is not None and codes(selector.word) & META:
        return False

    def is_meant(word: str, finding: Finding) -> bool:
        return word == selector.word and finding.code in codes(word)

    return not any(asked.holds(finding, is_meant) for finding in found if finding.code not in META)


def is_still_idle(
    finding: Finding,
    source: SourceText,
    found: Sequence[Finding],
    codes: Codes,
    selected: frozenset[str],
) -> bool:
    """Whether an idle selector is one when all files are known, and was asked for in this run."""
    for asked in suppressions(source.text):
        for selector in asked.selectors or (asked.whole,):
            if (selector.line, selector.column) == (finding.span.line, finding.span.column):
                named = codes(selector.word) if asked.selectors is not None else selected
                return is_idle(asked, selector, found, codes) and (
                    not named or bool(named & selected)
                )
    return False


def idle(source: SourceText, selector: Selector, codes: Codes) -> Finding:
    """Return the finding that a selector keeps nothing back."""
    span = selector.span(source.path)
    if selector.is_whole:
        message, where = "the comment keeps nothing back", "no rule finds anything here"
    elif codes(selector.word):
        message, where = f"`{selector.word}` keeps nothing back", "the rule finds nothing here"
    else:
        message, where = f"`{selector.word}` names no rule", "no rule answers to this name"
    return made(IDLE, "idle-suppression", Severity.WARNING, span, message, where, "remove it")


def without_reason(source: SourceText, asked: Suppression) -> Finding:
    """Return the finding that a comment does not say why."""
    return made(
        UNREASONED,
        "suppression-without-reason",
        Severity.NOTE,
        asked.whole.span(source.path),
        "the comment does not say why the finding is kept back",
        "a reason is missing behind this",
        "write the reason behind the comment",
    )


def made(
    code: str, name: str, severity: Severity, span: Span, message: str, where: str, help: str
) -> Finding:
    """Return a finding with one step, the comment."""
    steps = (Step(span, Role.BREAK, where),)
    return Finding(code, name, message, span, severity, Confidence.CERTAIN, help, steps)
