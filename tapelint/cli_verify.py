"""The part of the command line that runs code: `--verify`, and what its verdicts mean for a run."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tapelint import console
from tapelint.model import Confidence, Finding, Span, Verdict

if TYPE_CHECKING:
    from tapelint.cards import Card
    from tapelint.session import Result
    from tapelint.verify.examples import Outcome
    from tapelint.verify.installation import Installation

UNREADABLE = "TAP901"
# As reports write it: with a column, and perhaps the colon that follows it.
PLACE = re.compile(r"(?P<file>.+?):(?P<line>\d+)(?::(?P<column>\d+))?:?")
WEAK = (
    "nothing is run: this system cannot keep a witness from files and network, "
    "`--allow-unsandboxed` runs it anyway"
)


def wanted(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the options of the command line say about verification."""
    return {
        "python": given["python"],
        "seconds": given["verify_timeout"],
        "show_refuted": given["show_refuted"],
        "allow_unsandboxed": given["allow_unsandboxed"],
        "at_once": given["jobs"],
        "modes": given["verify_modes"],
        "has_cache": not given["no_cache"],
    }


def verified(
    result: Result,
    root: Path | None,
    *,
    python: str | None = None,
    seconds: float = 20.0,
    show_refuted: bool = False,
    allow_unsandboxed: bool = False,
    at_once: int | None = None,
    modes: Sequence[str] = (),
    has_cache: bool = True,
) -> tuple[Result, str]:
    """Put the findings of a run to a real tape; leave out those that it refutes.

    Where there is no TensorFlow, or nothing that confines a witness, the result is what it was,
    and comes with a sentence that says why.
    """
    from tapelint.verify.cache import Cache
    from tapelint.verify.capacity import witnesses
    from tapelint.verify.installation import NoTensorFlow, interpreter
    from tapelint.verify.request import Mode
    from tapelint.verify.runner import Runner
    from tapelint.verify.verification import Options, Project, verify

    if not result.findings:
        return result, ""
    roots = [Path.cwd(), *([root] if root else [])]
    roots += [folder / "src" for folder in roots if (folder / "src").is_dir()]
    project = Project(Path.cwd(), result.sources, tuple(dict.fromkeys(roots)))
    cache = Cache(root or Path.cwd()) if has_cache else None
    try:
        found = interpreter(python, root or Path.cwd())
        with (
            Runner(found, at_once=at_once or witnesses(), cache=cache) as runner,
            console.Progress(what="findings") as progress,
        ):
            assert runner.installation is not None
            if not (allow_unsandboxed or _is_confined(runner.installation)):
                return result, WEAK
            # The line is named by a run in eager mode, whatever else.
            compared = tuple(mode for mode in Mode if mode.value in ("eager", *modes))
            how = Options(seconds=seconds, modes=compared)
            findings = verify(result.findings, project, runner, how, progress)
    except NoTensorFlow as problem:
        return result, f"nothing is verified: {problem}"
    kept = tuple(f for f in findings if show_refuted or not is_refuted(f))
    return replace(result, findings=kept, refuted=len(findings) - len(kept)), ""


def clean(root: Path) -> str:
    """Remove what earlier runs left in a project, and say so."""
    from tapelint.source.read import reason
    from tapelint.verify.cache import FOLDER, Cache

    try:
        was_there = Cache(root).clean()
    except OSError as error:
        raise console.ConsoleError(f"`{FOLDER}` cannot be removed: {reason(error)}") from None
    return f"removed {root / FOLDER}\n" if was_there else "there is no cache\n"


def doctor(python: str | None, root: Path) -> tuple[str, bool]:
    """Say what `--verify` would use here, and whether it can run anything."""
    from tapelint import __version__
    from tapelint.verify.cache import Cache
    from tapelint.verify.installation import NoTensorFlow, interpreter
    from tapelint.verify.runner import Runner

    lines = [("tapelint", __version__), ("cache", str(Cache(root).folder))]
    try:
        found = interpreter(python, root)
        lines.insert(1, ("interpreter", found))
        with Runner(found) as runner:
            assert runner.installation is not None
            lines[2:2] = _described(runner.installation)
            is_ready = _is_confined(runner.installation)
    except NoTensorFlow as problem:
        lines.insert(len(lines) - 1, ("TensorFlow", f"none: {problem}"))
        is_ready = False
    return "".join(f"{name + ':':<13} {said}\n" for name, said in lines), is_ready


def _described(found: Installation) -> list[tuple[str, str]]:
    abi = f"yes, version {found.landlock}" if found.landlock else "no"
    shared = "a process that others have used and left as it was"
    each = "a process forked from one that imported it" if found.can_fork else shared
    means = {"weak": "weak: nothing is run without `--allow-unsandboxed`"}
    return [
        ("Python", found.python),
        ("TensorFlow", f"{found.tensorflow}, imported in {found.seconds:.1f} s"),
        ("Keras", found.keras),
        ("each witness", each),
        ("Landlock", f"{abi} (holds files back)"),
        ("seccomp", f"{'yes' if found.has_seccomp else 'no'} (holds network and processes back)"),
        ("sandbox", means.get(found.sandbox, found.sandbox)),
    ]


def is_refuted(finding: Finding) -> bool:
    """Tell whether a real gradient came out where the finding says that none does."""
    return finding.evidence is not None and finding.evidence.verdict is Verdict.REFUTED


def is_failure(findings: Sequence[Finding], least: str) -> bool:
    """Tell whether findings make a run fail: `least` is "likely", "certain" or "confirmed"."""
    standing = [f for f in findings if not is_refuted(f)]
    match least:
        case "confirmed":
            wanted = (Verdict.CONFIRMED, Verdict.DIFFERS)
            return any(f.evidence is not None and f.evidence.verdict in wanted for f in standing)
        case "certain":
            return any(f.confidence is Confidence.CERTAIN for f in standing)
        case _:
            return bool(standing)


def examples(card: Card, python: str | None) -> tuple[str, bool]:
    """Run the examples of a card; return what they did as text, and whether all is as it says.

    Raises `console.ConsoleError` where there is no TensorFlow.
    """
    from tapelint.verify import examples as programs
    from tapelint.verify.installation import NoTensorFlow, interpreter
    from tapelint.verify.runner import Runner

    wanted = [
        programs.Program(
            f"{example.section.lower()} {example.number}",
            example.source,
            tuple(
                (e.line, e.kind, e.value)
                for e in example.expectations
                if e.kind in ("gives", "raises")
            ),
        )
        for example in card.examples
    ]
    try:
        with Runner(interpreter(python, Path.cwd())) as runner:
            assert runner.installation is not None
            ran = list(programs.run(wanted, runner))
            versions = f"TensorFlow {runner.installation.tensorflow}"
            versions += f", Keras {runner.installation.keras}"
    except NoTensorFlow as problem:
        raise console.ConsoleError(f"the examples cannot be run: {problem}") from None
    lines = [f"{card.code} {card.name} under {versions}"]
    for program, outcomes in ran:
        lines += ["", f"  {program.name}"]
        lines += [f"    line {o.line}: {_compared(o)}" for o in outcomes]
        if not outcomes:
            lines.append("    says nothing about a value")
    agrees = all(o.agrees is not False for _, outcomes in ran for o in outcomes)
    return "\n".join(lines) + "\n", agrees


def _compared(outcome: Outcome) -> str:
    match outcome.agrees:
        case True:
            return f"{outcome.gave}, as the card says"
        case None:
            return f"{outcome.gave}, where the card says {outcome.expected}"
        case _:
            return f"{outcome.gave}, but the card says {outcome.expected}"


def script(place: str, elsewhere: Callable[[], Sequence[Finding]]) -> str:
    """Return the script for the finding at a place, `FILE:LINE` or `FILE:LINE:COLUMN`.

    A gradient may be cut in one file and asked for in another: where the file itself asks for
    none, the findings of `elsewhere` are looked at. Raises `console.ConsoleError` where there is
    none, or where it cannot be cut out.
    """
    from tapelint import engine
    from tapelint.settings import Settings
    from tapelint.source.read import Unreadable, read
    from tapelint.source.walk import show
    from tapelint.verify.claims import site_of
    from tapelint.verify.repro import CannotReproduce
    from tapelint.verify.repro import script as cut_out

    given = PLACE.fullmatch(place)
    if given is None:
        raise console.ConsoleError(f"`{place}` is no place: give FILE:LINE")
    name, line, column = given["file"], int(given["line"]), int(given["column"] or 0)
    if not os.path.lexists(name):
        raise console.ConsoleError(f"`{name}` does not exist: give FILE:LINE")
    try:
        source = read(Path(name), name)
        findings = engine.lint(source, Settings())
    except Unreadable as problem:
        raise console.ConsoleError(f"`{name}`: {problem.message}") from None
    for finding in findings:
        if finding.code == UNREADABLE:
            message = f"`{name}` cannot be read: {finding.message} on line {finding.span.line}"
            raise console.ConsoleError(message)
    chosen = _at(findings, name, line, column)
    text = source.text
    if chosen is None and (
        chosen := _at(elsewhere(), show(Path(name), os.getcwd()), line, column, has_steps=False)
    ):
        site = (site_of(chosen) or chosen.span).path
        text = read(Path(site), site).text
    if chosen is None:
        spans = [f.span if f.span.path == name else site_of(f) or f.span for f in findings]
        lines = sorted({span.line for span in spans})
        word = "line" if len(lines) == 1 else "lines"
        others = f", but on {word} {', '.join(map(str, lines))}" if lines else " or any other"
        raise console.ConsoleError(f"`{name}` has no finding on line {line}{others}")
    try:
        return cut_out(chosen, text)
    except CannotReproduce as problem:
        raise console.ConsoleError(f"no script can be cut out of `{name}`: {problem}") from None


def _at(
    findings: Sequence[Finding], path: str, line: int, column: int, *, has_steps: bool = True
) -> Finding | None:
    """Return the finding on a line, best at the column, else one whose chain passes the line."""

    def is_on_line(span: Span) -> bool:
        return span.path == path and span.line <= line <= span.end_line

    on_line = [f for f in findings if is_on_line(f.span)]
    if on_line:
        return min(on_line, key=lambda f: (f.span.line, f.span.column) != (line, column))
    passing = (f for f in findings if has_steps and any(is_on_line(s.span) for s in f.steps))
    return next(passing, None)


def _is_confined(installation: Installation) -> bool:
    return installation.sandbox != "weak"
