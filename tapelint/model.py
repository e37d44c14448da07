"""What a finding is: frozen data that every layer may pass on and none may change.

This module imports nothing of tapelint and holds no behaviour beyond ordering.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Severity(Enum):
    """How bad the outcome is: `ERROR` for None, an exception or wrong training."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Confidence(Enum):
    """How sure the analysis is: `CERTAIN` when every path through the code gives the outcome."""

    CERTAIN = "certain"
    LIKELY = "likely"


class Verdict(Enum):
    """What a run under a real tape says about a finding.

    `SEEN` is for the outcome alone, where a run did not show the line that is to blame.
    """

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    DIFFERS = "differs by mode"
    SEEN = "seen"


class Belief(Enum):
    """What a user says becomes of the gradient of a function's arguments."""

    FLOWS = "flows"
    BLOCKED = "blocked"
    ZEROS = "zeros"


class Role(Enum):
    """The part a step plays in the chain from source to target."""

    SOURCE = "source"
    STEP = "step"
    BREAK = "break"
    TARGET = "target"
    TAPE = "tape"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A region of a user's file.

    `path` is shown to the user (POSIX separators). Lines and columns count from 1, columns in
    Unicode code points; `end_column` points behind the last character.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Step:
    """One located sentence of the chain, for instance `np.mean leaves TensorFlow here`."""

    span: Span
    role: Role
    message: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A region of a file and what to write in its place; where it is empty, text is inserted."""

    span: Span
    replacement: str


@dataclass(frozen=True, slots=True)
class Fix:
    """What repairs a finding. `title` is an imperative phrase without a full stop.

    `is_safe` holds where every value the program computes stays what it was.
    """

    title: str
    edits: tuple[Edit, ...]
    is_safe: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What one gradient call gave for one source: `None`, `[6.0]`, `nan`, a RuntimeError."""

    source: str
    gave: str
    line: int
    turn: int = 1


@dataclass(frozen=True, slots=True)
class ModeAnswer:
    """What a gradient call gives in one mode: "nan", "[0, 0.25]", "could not run (why)"."""

    mode: str
    gave: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was run, and what it showed.

    `reason` is one sentence in the form of a message. `how` says what was run ("the script", "the
    function `step`", "a slice of `step`"), `assumptions` what was invented or left out for it.
    `mode` is "eager", "graph" or "xla", `fix` what a fix changed: "None -> [6.0]". `modes` are the
    answers of all modes that were asked for, where it was more than one.
    """

    verdict: Verdict
    reason: str
    seen: tuple[Seen, ...] = ()
    how: str = ""
    assumptions: tuple[str, ...] = ()
    mode: str = "eager"
    tensorflow: str = ""
    keras: str = ""
    python: str = ""
    sandbox: str = ""
    seed: int = 0
    seconds: float = 0.0
    fix: str = ""
    modes: tuple[ModeAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One diagnosis: what is wrong, where, how the chain runs, and the accepted fix.

    `message` starts with the thing, in lower case, without a full stop and without advice;
    advice is `help`. `steps` runs in program order from source over break to target. `evidence`
    is there when the finding was put to a real tape.
    """

    code: str
    name: str
    message: str
    span: Span
    severity: Severity
    confidence: Confidence
    help: str = ""
    steps: tuple[Step, ...] = field(default=())
    evidence: Evidence | None = None

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """Order findings as a reader meets them: by file, position, then code."""
        return (self.span.path, self.span.line, self.span.column, self.code, self.message)
