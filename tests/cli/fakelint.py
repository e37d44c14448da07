"""An analysis that finds what comments tell it to: `# finds: TAP201` on a line of a program.

It takes the place of `tapelint.engine.lint` where a test is about everything around the analysis.
"""

from __future__ import annotations

import os
import re
import time

from tapelint import registry
from tapelint.model import Confidence, Finding, Role, Severity, Span, Step
from tapelint.settings import Settings
from tapelint.source.read import SourceText

COMMAND = re.compile(r"#\s*(?P<command>finds|raises|crashes|hangs|exits)(?::\s*(?P<words>[\w ]+))?")


class Puzzled(Exception):
    """An error that no layer knows of."""


class Panic(BaseException):
    """What a panic of a parser written in Rust looks like: no Exception."""


ERRORS = {error.__name__: error for error in (Puzzled, Panic, RecursionError, MemoryError)}


def lint(source: SourceText, settings: Settings) -> list[Finding]:
    """Do what the comments of a file say, in their order."""
    found: list[Finding] = []
    for number, line in enumerate(source.text.split("\n"), start=1):
        for command in COMMAND.finditer(line):
            words = (command["words"] or "").split()
            match command["command"]:
                case "finds":
                    span = Span(source.path, number, 1, number, max(len(line), 2))
                    found += [finding(span, code, "likely" in words) for code in words[:1]]
                case "raises":
                    raise ERRORS[words[0]]("told to")
                case "exits":
                    raise SystemExit(3)
                case "crashes":
                    os._exit(11)
                case "hangs":
                    time.sleep(3600)
    return found


def finding(span: Span, code: str, is_likely: bool = False) -> Finding:
    """Return a finding of the rule `code` that says nothing of interest."""
    step = Step(span, Role.BREAK, "the chain ends here")
    return Finding(
        code=code,
        name=registry.find(code).name,
        message="the gradient is None",
        span=span,
        severity=Severity.ERROR,
        confidence=Confidence.LIKELY if is_likely else Confidence.CERTAIN,
        help="mend it",
        steps=(step,),
    )


# A file is only looked at if it may hold a tape.
def program(*lines: str) -> str:
    """Return a program with a tape on its first line, and `lines` below it."""
    return "\n".join(("tape = tf.GradientTape()", *lines)) + "\n"
