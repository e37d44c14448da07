"""Run the examples of rule cards, and compare what comes out with what their comments say."""

from __future__ import annotations

import ast
import math
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tapelint.verify.observed import Asked, Run
from tapelint.verify.request import Limits, Mode, Request
from tapelint.verify.runner import Runner

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan)")
TOLERANCE = 2e-3


@dataclass(frozen=True, slots=True)
class Program:
    """One example: how it is called, its text, and what its comments expect by line.

    An expectation is "gives" or "raises" with a value: "None", "[2.0, 6.0]", "RuntimeError".
    """

    name: str
    source: str
    expected: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one commented line did. `agrees` is None where the numbers cannot be compared."""

    line: int
    expected: str
    gave: str
    agrees: bool | None


def run(
    programs: Sequence[Program], runner: Runner, seconds: float = 60.0
) -> Iterator[tuple[Program, tuple[Outcome, ...]]]:
    """Yield what each program did, in the order of the programs."""
    done: dict[str, tuple[Outcome, ...]] = {}
    with tempfile.TemporaryDirectory(prefix="tapelint-") as folder:
        requests = {
            _request(program, Path(folder, str(number)), seconds): program
            for number, program in enumerate(programs)
        }
        for request, found in runner.run(list(requests)):
            program = requests[request]
            done[program.name] = tuple(_outcomes(program, found))
    for program in programs:
        yield program, done[program.name]


def _request(program: Program, folder: Path, seconds: float) -> Request:
    # On disk: autograph reads the source of what it converts.
    folder.mkdir()
    path = folder / "example.py"
    path.write_text(program.source, encoding="utf-8")
    return Request(
        str(path),
        _Texts({str(path): program.source}),
        (str(folder),),
        mode=Mode.GRAPH,
        limits=Limits(seconds),
    )


class _Texts(dict[str, str]):
    def __hash__(self) -> int:  # type: ignore[override]  # never changed after it is made
        return id(self)


def _outcomes(program: Program, found: Run) -> Iterator[Outcome]:
    try:
        extents = _extents(program.source)
    except SyntaxError as error:
        # Python does not begin to run it.
        for line, _, value in program.expected:
            agrees = value == "SyntaxError" and line == error.lineno
            yield Outcome(line, value, "SyntaxError", agrees)
        return
    for line, kind, value in program.expected:
        lines = extents.get(line, range(line, line + 1))
        if kind == "raises":
            yield _raised(line, lines, value, found)
        elif kind == "gives":
            yield _given(line, lines, value, found)


def _raised(line: int, lines: range, expected: str, found: Run) -> Outcome:
    for raised in found.raised:
        if any(number in lines for _, number in raised.frames):
            agrees = expected in (raised.type, *raised.bases)
            return Outcome(line, expected, raised.type, agrees)
    return Outcome(line, expected, "no exception", False)


def _given(line: int, lines: range, expected: str, found: Run) -> Outcome:
    asked = [a for a in found.asked if any(number in lines for _, number in a.frames[:1])]
    if not asked:
        return Outcome(line, expected, _reason(found), False)
    gave = _shown(asked[-1])
    return Outcome(line, expected, gave, _agrees(asked[-1], expected))


def _reason(found: Run) -> str:
    if found.raised:
        return f"no answer: {found.raised[0].type}"
    return "no answer" if found.fate == "ended" else f"no answer: the run {found.fate}"


def _shown(asked: Asked) -> str:
    if asked.error_type:
        return asked.error_type
    shown = [_answer(s.outcome, s.value) for s in asked.sources]
    return shown[0] if len(shown) == 1 else f"[{', '.join(shown)}]"


def _answer(outcome: str, value: str) -> str:
    return "None" if outcome == "none" else value


def _agrees(asked: Asked, expected: str) -> bool | None:
    outcomes = [s.outcome for s in asked.sources]
    match expected:
        case "zeros":
            return all(outcome == "zero" for outcome in outcomes)
        case "nan" | "inf":
            return expected in outcomes
    try:
        value = ast.literal_eval(re.sub(r"\b(nan|inf)\b", '"\\1"', expected))
    except (ValueError, SyntaxError):
        return None
    wanted = list(_numbers(value))
    given: list[float | None] = []
    for source in asked.sources:
        if source.outcome == "none":
            given.append(None)
        elif "shape" in source.value or source.is_symbolic:
            return None
        else:
            given += [float(number) for number in NUMBER.findall(source.value)]
    return len(wanted) == len(given) and all(map(_is_near, wanted, given))


def _numbers(value: object) -> Iterator[float | None]:
    match value:
        case None:
            yield None
        case bool() | int() | float():
            yield float(value)
        case str():
            yield float(value)
        case list() | tuple():
            for element in value:
                yield from _numbers(element)
        case dict():
            # TensorFlow takes the values of a dict in the order of its keys.
            for key in sorted(value):
                yield from _numbers(value[key])
        case _:
            raise ValueError(f"an answer cannot be {value!r}")


def _is_near(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _extents(source: str) -> Mapping[int, range]:
    """Map each line to the lines of the simple statement around it."""
    extents: dict[int, range] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            extents.update(dict.fromkeys(lines, lines))
    return extents
