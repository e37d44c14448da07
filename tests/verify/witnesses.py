"""Programs for tests, run as witnesses, and hand-made findings in them."""

from __future__ import annotations

import ast
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path

from tapelint.model import Confidence, Evidence, Finding, Role, Severity, Span, Step
from tapelint.verify.observed import Asked, Run, Source
from tapelint.verify.request import Limits, Request
from tapelint.verify.runner import Runner
from tapelint.verify.verification import Options, Project, verify

IMPORTS = "import numpy as np\nimport tensorflow as tf\n"
REQUESTS = frozenset({"gradient", "jacobian", "batch_jacobian"})


@dataclass(frozen=True, slots=True)
class Program:
    """A file on disk. A comment `# here` marks the line that a test is about."""

    path: Path
    text: str

    def line(self, mark: str = "# here") -> int:
        """Return the line that ends in a mark."""
        return next(n for n, t in enumerate(self.text.split("\n"), 1) if t.endswith(mark))

    def request(self, **changes: object) -> Request:
        """Return the request to run this program."""
        made = Request(
            str(self.path),
            _Texts({str(self.path): self.text}),
            (str(self.path.parent),),
            limits=Limits(60.0),
        )
        return replace(made, **changes)  # type: ignore[arg-type]  # one type for each name

    def call(self, number: int = 0) -> Span:
        """Return the place of a gradient call."""
        calls = sorted(
            (n.lineno, n.col_offset + 1, n.end_lineno or 0, (n.end_col_offset or 0) + 1)
            for n in ast.walk(ast.parse(self.text))
            if isinstance(n, ast.Call)
            and isinstance(n.func, ast.Attribute)
            and n.func.attr in REQUESTS
        )
        return Span(self.path.name, *calls[number])

    def whole(self, line: int) -> Span:
        """Return the span of a line."""
        text = self.text.split("\n")[line - 1]
        return Span(self.path.name, line, 1, line, len(text) + 1)


class _Texts(dict[str, str]):
    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)


def program(folder: Path, text: str, *, imports: str = IMPORTS, name: str = "train.py") -> Program:
    """Write a program to disk, below the usual imports."""
    source = imports + textwrap.dedent(text)
    path = folder / name
    path.write_text(source, encoding="utf-8")
    return Program(path, source)


def run(runner: Runner, made: Program, **changes: object) -> Run:
    """Run a program as a witness."""
    ((_, found),) = runner.run([made.request(**changes)])
    return found


def last(found: Run) -> Asked:
    """Return the last request of a run."""
    assert found.asked, found
    return found.asked[-1]


def source(found: Run) -> Source:
    """Return the first source of the last request."""
    return last(found).sources[0]


def finding(
    made: Program,
    code: str,
    message: str,
    *,
    at: int | None = None,
    call: int = 0,
    sources: tuple[str, ...] = (),
) -> Finding:
    """Return a finding about a gradient call, which blames line `at` (else the call)."""
    asked = made.call(call)
    blamed = made.whole(at) if at else asked
    steps = [Step(asked, Role.SOURCE, f"`{name}` is a variable") for name in sources]
    if at:
        steps.append(Step(blamed, Role.BREAK, "the gradient ends"))
    steps.append(Step(asked, Role.TAPE, "`tape.gradient` answers None"))
    return Finding(
        code, "rule", message, blamed, Severity.ERROR, Confidence.CERTAIN, "help", tuple(steps)
    )


def evidence(
    runner: Runner, made: Program, found: Finding, options: Options | None = None
) -> Evidence:
    """Put one finding to a real tape."""
    project = Project(made.path.parent, {made.path.name: made.text})
    (verified,) = verify([found], project, runner, options or Options(seconds=60.0))
    assert verified.evidence is not None
    return verified.evidence
