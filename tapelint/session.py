"""Many files: which hold a tape, what is found in each, and what of that is to be reported.

Nothing of the analysis is imported before a file turns out to hold a tape.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from tapelint import workers
from tapelint.consequences import attached
from tapelint.model import Confidence, Finding, Span
from tapelint.settings import Settings
from tapelint.source.markers import MARKERS, OLD_MARKERS, file_may_hold_tape, may_hold_tape
from tapelint.source.read import SourceText, Unreadable, decode, read, unreadable_file
from tapelint.workers import Fate, available_processors

UNREADABLE, IDLE = "TAP901", "TAP902"
# Rules about code that needs no tape to be wrong.
TAPELESS = frozenset({"TAP701", "TAP702"})
REPORT = "please report this: TAPELINT_DEBUG=1 shows where in tapelint it happened"
# A process for less than this would take longer to start than it saves.
BYTES_PER_PROCESS = 64 * 1024


@dataclass(frozen=True, slots=True)
class Job:
    """One file to check: on disk at `path`, or handed in as `data`. `shown` names it."""

    shown: str
    path: Path | None = None
    data: bytes | None = None
    size: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a file gave, and the text of every file that a finding lies in: reports quote it.

    A finding may lie in a file that the checked one imports.
    """

    findings: tuple[Finding, ...]
    sources: tuple[SourceText, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What a run gave, ready to be reported.

    Of `files_checked` files, `files_skipped` hold no tape and were not parsed. `sources` has the
    text of every file that a finding lies in, by the path it shows. `refuted` counts findings that
    a real tape refuted and that are left out.
    """

    findings: tuple[Finding, ...] = ()
    files_checked: int = 0
    files_skipped: int = 0
    suppressed: int = 0
    seconds: float = 0.0
    sources: Mapping[str, str] = field(default_factory=dict)
    refuted: int = 0


def run(
    files: Iterable[tuple[Path, str]],
    settings: Settings,
    *,
    stdin: tuple[str, bytes] | None = None,
    unlisted: Sequence[tuple[str, str]] = (),
    processes: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Result:
    """Check `files`, pairs of a path and how it is shown, and what came over standard input.

    `unlisted` are folders that could not be searched, each with the reason: they become findings,
    as files do that cannot be read. `progress` is told how many of the files that hold a tape
    are done.
    """
    start = time.perf_counter()
    outcomes = [
        Outcome((unreadable_file(shown, f"the folder cannot be searched: {reason}"),))
        for shown, reason in unlisted
    ]
    jobs: list[Job] = []
    checked = len(outcomes)
    words = _markers(settings)
    for path, shown in files:
        checked += 1
        try:
            if file_may_hold_tape(path, words):
                jobs.append(Job(shown, path, size=_size(path)))
        except Unreadable as problem:
            outcomes.append(Outcome((problem.finding(shown),)))
    if stdin is not None:
        checked += 1
        shown, data = stdin
        if may_hold_tape(data, words):
            jobs.append(Job(shown, data=data, size=len(data)))
    skipped = checked - len(outcomes) - len(jobs)
    outcomes += _checked(jobs, settings, processes, progress)
    findings, suppressed, sources = _reported(outcomes, settings)
    return Result(findings, checked, skipped, suppressed, time.perf_counter() - start, sources)


def check(job: Job, settings: Settings) -> Outcome:
    """Check one file; whatever goes wrong becomes a finding."""
    from tapelint import engine

    source: SourceText | None = None
    try:
        if job.data is not None:
            source = decode(job.data, job.shown)
        elif job.path is not None:
            source = read(job.path, job.shown)
        assert source is not None
        with warnings.catch_warnings():
            # for: SyntaxWarning: invalid escape sequence, which is not what was asked
            warnings.simplefilter("ignore")
            findings = tuple(engine.lint(source, settings))
    except Unreadable as problem:
        findings = (problem.finding(job.shown),)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of LibCST's parser is no Exception
        findings = (_gave_up(job.shown, error),)
    return Outcome(findings, tuple(_quoted(findings, source)))


def _quoted(findings: Sequence[Finding], source: SourceText | None) -> Iterator[SourceText]:
    """Yield the text of each file that a finding lies in."""
    for shown in sorted({finding.span.path for finding in findings}):
        if source is not None and source.path == shown:
            yield source
        else:
            with contextlib.suppress(Unreadable):
                yield read(Path(shown), shown)


def selected(settings: Settings) -> frozenset[str]:
    """Return the codes to report; raise `registry.UnknownRule` for a selector that names none."""
    from tapelint import registry

    codes = registry.default_codes()
    is_reported = True
    for selection in settings.selections:
        if selection.select:
            codes = registry.select(selection.select)
        codes |= registry.select(selection.extend_select)
        ignored = registry.select(selection.ignore)
        codes -= ignored
        is_reported = is_reported and UNREADABLE not in ignored
    for entry in settings.per_file_ignores:
        registry.select(entry.ignore)
    # A file that could not be checked must not pass for clean because other rules were asked for.
    return codes | {UNREADABLE} if is_reported else codes


def _markers(settings: Settings) -> tuple[str, ...]:
    """Return the words of which a file must hold one to be checked.

    Nothing is looked up where nothing is selected: those rules are on by default.
    """
    is_asked = not settings.selections or bool(selected(settings) & TAPELESS)
    return MARKERS + OLD_MARKERS if is_asked else MARKERS


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # it is gone, and whoever reads it will say so


def _checked(
    jobs: list[Job],
    settings: Settings,
    processes: int | None,
    progress: Callable[[int, int], None],
) -> list[Outcome]:
    """Check the files that may hold a tape, the large ones first so that none is waited for."""
    if not jobs:
        return []
    jobs = sorted(jobs, key=lambda job: (-job.size, job.shown))
    is_debugged = bool(os.environ.get("TAPELINT_DEBUG"))
    if is_debugged or workers.start_method() == "fork":
        # Imported once here instead of once in every process.
        import tapelint.engine  # noqa: F401
    task = partial(check, settings=settings)
    outcomes: list[Outcome] = []
    if is_debugged:
        workers.with_deep_stack(lambda: outcomes.extend(map(task, jobs)))
        return outcomes
    useful = 1 + sum(job.size for job in jobs) // BYTES_PER_PROCESS
    count = min(processes or available_processors(), useful)
    answers = workers.run(task, jobs, processes=count, seconds=settings.seconds)
    for done, (index, answer) in enumerate(answers, start=1):
        if isinstance(answer, Fate):
            answer = Outcome((_lost(jobs[index].shown, answer, settings.seconds),))
        outcomes.append(answer)
        progress(done, len(jobs))
    return outcomes


def _lost(shown: str, fate: Fate, seconds: float) -> Finding:
    if fate is Fate.TIMED_OUT:
        message = f"the analysis of this file took longer than {seconds:g} seconds"
        advice = "raise `seconds-per-file` in the settings, or exclude the file"
        return unreadable_file(shown, message, help=advice)
    return unreadable_file(shown, "the analysis crashed on this file", help=REPORT)


def _gave_up(shown: str, error: BaseException) -> Finding:
    if os.environ.get("TAPELINT_DEBUG"):
        traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
    if isinstance(error, RecursionError):
        return unreadable_file(shown, "the code is nested too deeply to be analysed")
    if isinstance(error, MemoryError):
        return unreadable_file(shown, "the analysis of this file ran out of memory")
    message = f"the analysis failed with an internal error ({type(error).__name__})"
    return unreadable_file(shown, message, help=REPORT)


def _reported(
    outcomes: Sequence[Outcome], settings: Settings
) -> tuple[tuple[Finding, ...], int, Mapping[str, str]]:
    """Drop what is not selected, then what comments keep back; sort what is left."""
    if not any(outcome.findings for outcome in outcomes):
        return (), 0, {}
    from tapelint.source import suppress

    wanted = _wanted(settings)
    outcomes = _judged_together(outcomes, settings)
    # A helper that several files import gives each of them the same finding.
    found: dict[tuple[str, Span], Finding] = {}
    texts: dict[str, SourceText] = {}
    for outcome in outcomes:
        for finding in sorted(filter(wanted, outcome.findings), key=lambda f: f.sort_key):
            known = found.setdefault((finding.code, finding.span), finding)
            if finding.sort_key < known.sort_key:
                found[(finding.code, finding.span)] = finding
        texts.update((source.path, source) for source in outcome.sources)
    kept: list[Finding] = []
    suppressed = 0
    for path in sorted({finding.span.path for finding in found.values()}):
        here = tuple(finding for finding in found.values() if finding.span.path == path)
        if path in texts:
            here, held = suppress.apply(here, texts[path], _names)
            suppressed += len(held)
        kept += here
    everything = [finding for outcome in outcomes for finding in outcome.findings]
    kept = attached(kept, everything)
    sources = {path: source.text for path, source in texts.items()}
    return tuple(sorted(kept, key=lambda found: found.sort_key)), suppressed, sources


def _judged_together(outcomes: Sequence[Outcome], settings: Settings) -> Sequence[Outcome]:
    """Leave out comments called idle that hold a finding of another file, or of no rule asked for.

    A finding may lie in a file that the checked one imports.
    """
    if not any(found.code == IDLE for outcome in outcomes for found in outcome.findings):
        return outcomes
    from tapelint import registry
    from tapelint.source.idle import is_still_idle

    codes = selected(settings)
    by_file = _file_ignores(settings)
    found: dict[str, list[Finding]] = {}
    texts: dict[str, SourceText] = {}
    for outcome in outcomes:
        texts.update((source.path, source) for source in outcome.sources)
        for finding in outcome.findings:
            found.setdefault(finding.span.path, []).append(finding)

    def is_kept(finding: Finding) -> bool:
        path = finding.span.path
        asked_for = codes - by_file(path)
        return finding.code != IDLE or is_still_idle(
            finding, texts[path], found[path], registry.codes, asked_for
        )

    return [
        Outcome(tuple(filter(is_kept, outcome.findings)), outcome.sources) for outcome in outcomes
    ]


def _wanted(settings: Settings) -> Callable[[Finding], bool]:
    """Return the test that a finding must pass to be reported at all."""
    codes = selected(settings)
    by_file = _file_ignores(settings) if settings.per_file_ignores else lambda path: frozenset()

    def is_wanted(finding: Finding) -> bool:
        if settings.min_confidence is Confidence.CERTAIN is not finding.confidence:
            return False
        return finding.code in codes and finding.code not in by_file(finding.span.path)

    return is_wanted


def _file_ignores(settings: Settings) -> Callable[[str], frozenset[str]]:
    from tapelint import registry
    from tapelint.source.ignores import compile_patterns

    root = str(settings.root or Path.cwd())
    entries = [
        (patterns, registry.select(entry.ignore))
        for entry in settings.per_file_ignores
        if (patterns := compile_patterns(root, [entry.pattern])) is not None
    ]

    @cache
    def ignored(path: str) -> frozenset[str]:
        full = os.path.abspath(path)
        hits = [codes for patterns, codes in entries if patterns.verdict(full, is_folder=False)]
        return frozenset().union(*hits)

    return ignored


def _names(selector: str, finding: Finding) -> bool:
    """Tell whether a suppression means a finding, by any spelling that selects rules."""
    from tapelint import registry

    return finding.code in registry.codes(selector)


def count_by_code(findings: Iterable[Finding]) -> list[tuple[int, str, str]]:
    """Return how often each rule was met, the most frequent first."""
    counted = Counter((finding.code, finding.name) for finding in findings)
    return sorted(
        ((number, code, name) for (code, name), number in counted.items()),
        key=lambda row: (-row[0], row[1]),
    )
