"""Run a card example under a real tape and say what each gradient call of it gave.

Nothing here knows tapelint: the answers come from TensorFlow alone.
"""

from __future__ import annotations

import ast
import math
import re
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import FrameType

ASSERTION = re.compile(r"#\s*(?P<kind>finds|gives|raises)\b:?(?P<value>[^#\n]*)")
METHODS = ("gradient", "jacobian", "batch_jacobian")


class Word(Enum):
    """An expected value that is a word instead of a number."""

    ZEROS = "zeros"


WORDS: Mapping[str, object] = {"nan": math.nan, "inf": math.inf, "zeros": Word.ZEROS}


@dataclass(frozen=True, slots=True)
class Assertion:
    """One trailing comment of an example: `kind` is finds, gives or raises."""

    kind: str
    line: int
    value: str


@dataclass(slots=True)
class Outcome:
    """What running an example did, by line of the example.

    `given` keeps the last answer of each gradient call; `raised` is the exception that ended the
    program and `raised_on` every line of the example its traceback passes.
    """

    given: dict[int, object] = field(default_factory=dict)
    raised: BaseException | None = None
    raised_on: frozenset[int] = frozenset()


def assertions(source: str) -> Iterator[Assertion]:
    """Yield the trailing comments of an example in line order."""
    for number, text in enumerate(source.splitlines(), start=1):
        for match in ASSERTION.finditer(text):
            yield Assertion(match["kind"], number, match["value"].strip())


def run(path: Path) -> Outcome:
    """Execute the example at `path` in a fresh namespace, recording every gradient call by line."""
    outcome = Outcome()

    def note(line: int, answer: object) -> None:
        # The last answer of a line comes last.
        outcome.given.pop(line, None)
        outcome.given[line] = answer

    with recording(str(path), note):
        try:
            runpy.run_path(str(path), run_name="example")
        except SyntaxError as error:
            outcome.raised, outcome.raised_on = error, frozenset({error.lineno or 0})
        except Exception as error:  # noqa: BLE001 -- what it raises is the answer
            frames = traceback.extract_tb(error.__traceback__)
            lines = (frame.lineno for frame in frames if frame.filename == str(path))
            outcome.raised, outcome.raised_on = error, frozenset(line or 0 for line in lines)
    return outcome


def contradiction(source: str, outcome: Outcome) -> str | None:
    """Return the first way in which `outcome` contradicts the comments of `source`, else None."""
    claimed = list(assertions(source))
    extents = _extents(source)
    for claim in claimed:
        lines = extents.get(claim.line, range(claim.line, claim.line + 1))
        problem = None
        if claim.kind == "gives":
            problem = _wrong_answer(claim, outcome, lines)
        elif claim.kind == "raises":
            problem = _wrong_exception(claim, outcome, lines)
        if problem:
            return f"line {claim.line}: {problem}"
    if outcome.raised is not None and not any(claim.kind == "raises" for claim in claimed):
        return f"lines {sorted(outcome.raised_on)}: raised {outcome.raised!r}"
    return None


def _wrong_answer(claim: Assertion, outcome: Outcome, lines: range) -> str | None:
    answers = [value for line, value in outcome.given.items() if line in lines]
    if not answers:
        return f"no gradient call ran here (the program raised {outcome.raised!r})"
    expected = eval(claim.value, {"__builtins__": {}}, dict(WORDS))
    if not _agree(answers[-1], expected):
        return f"gives {answers[-1]}, the card says {claim.value}"
    return None


def _wrong_exception(claim: Assertion, outcome: Outcome, lines: range) -> str | None:
    if outcome.raised is None:
        return f"nothing was raised, the card says {claim.value}"
    names = {base.__name__ for base in type(outcome.raised).__mro__}
    if claim.value not in names or not outcome.raised_on.intersection(lines):
        return f"raised {outcome.raised!r} on {sorted(outcome.raised_on)}"
    return None


def _agree(observed: object, expected: object) -> bool:
    """Compare an answer with a card's value; `nan` and `inf` ask for one such entry."""
    import numpy as np
    import tensorflow as tf

    if isinstance(observed, (list, tuple)):
        return (
            isinstance(expected, (list, tuple))
            and len(observed) == len(expected)
            and all(map(_agree, observed, expected))
        )
    if isinstance(observed, dict):
        return (
            isinstance(expected, dict)
            and observed.keys() == expected.keys()
            and all(_agree(observed[key], expected[key]) for key in observed)
        )
    if observed is None or expected is None:
        return observed is expected
    array = np.asarray(tf.convert_to_tensor(observed))
    match expected:
        case Word.ZEROS:
            return not array.any()
        case float() if math.isnan(expected):
            return bool(np.isnan(array).any())
        case float() if math.isinf(expected):
            return bool(np.isinf(array).any())
    return array.shape == np.shape(expected) and bool(
        np.allclose(array, expected, rtol=1e-3, atol=1e-5, equal_nan=True)
    )


def _extents(source: str) -> dict[int, range]:
    """Map each line to the lines of the innermost simple statement around it."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return {}
    extents: dict[int, range] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            extents.update(dict.fromkeys(lines, lines))
    return extents


@contextmanager
def recording(path: str, note: Callable[[int, object], None]) -> Iterator[None]:
    """Hand on the answer of each outermost gradient call, with the nearest line of `path` below it."""
    import tensorflow as tf

    originals = {name: getattr(tf.GradientTape, name) for name in METHODS}
    depth = 0

    def recorded(original: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **keywords: object) -> object:
            # `jacobian` asks `gradient` for each row: only the call the example wrote counts.
            nonlocal depth
            depth += 1
            try:
                answer = original(*arguments, **keywords)
            finally:
                depth -= 1
            line = _nearest_line(sys._getframe(1), path)
            if depth == 0 and line is not None:
                note(line, answer)
            return answer

        return call

    for name, original in originals.items():
        setattr(tf.GradientTape, name, recorded(original))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(tf.GradientTape, name, original)


def _nearest_line(frame: FrameType | None, path: str) -> int | None:
    while frame is not None and frame.f_code.co_filename != path:
        frame = frame.f_back
    return frame.f_lineno if frame is not None else None
