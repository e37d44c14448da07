"""Run a witness for every gradient call, and say whether it got there and what came out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tapelint.model import Confidence, Finding, Role, Severity, Span, Step, Verdict
from tapelint.verify.cases import Case
from tapelint.verify.observed import Asked, Source
from tapelint.verify.places import Places
from tapelint.verify.request import Way
from tapelint.verify.runner import Runner
from tapelint.verify.verification import Options, Project, tried, verify
from tools.sites.calls import Site

PLACES = Places(lambda shown: shown)
# What a recorder gives as the cause -> a rule that says so.
RULES = {
    "unwatched": "TAP101",
    "not trainable": "TAP102",
    "dtype": "TAP103",
    "late watch": "TAP105",
    "not auto-watched": "TAP106",
    "unused": "TAP108",
    "unrecorded": "TAP302",
}
NONE = "the gradient is None: cut here"
RAISES = "`tape.gradient` raises: cut here"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the witnesses of one call gave. `outcome` is "" where none of them reached it.

    `blamed` are the findings that would fit what was seen, best of all others.
    """

    site: Site
    outcome: str
    way: str
    reason: str
    seconds: float
    blamed: tuple[Finding, ...] = ()


def asked(sites: Sequence[Site], runner: Runner, options: Options) -> Iterator[Answer]:
    """Yield the answer of each call, those of one file together."""
    for path, group in groupby(sites, lambda site: site.path):
        here = list(group)
        project = project_of(path, here[0].text)
        findings = [finding(site.span, site.span) for site in here]
        for site, case in zip(here, tried(findings, project, runner, options), strict=True):
            yield _answer(site, case)


def project_of(path: str, text: str) -> Project:
    """Return a file as a project: imports start where its packages do."""
    return Project(Path("/"), {path: text})


def finding(site: Span, blamed: Span, code: str = "TAP205", message: str = NONE) -> Finding:
    """Return a finding about a call that blames a place."""
    steps = (Step(blamed, Role.BREAK, "cut here"), Step(site, Role.TAPE, "answers None"))
    error, certain = Severity.ERROR, Confidence.CERTAIN
    return Finding(code, "site", message, blamed, error, certain, "", steps)


def confirmed(answer: Answer, runner: Runner, options: Options) -> list[Finding]:
    """Return the findings in working code that a witness would confirm, each to be looked at."""
    project = project_of(answer.site.path, answer.site.text)
    checked = verify(answer.blamed, project, runner, options)
    return [f for f in checked if f.evidence and f.evidence.verdict is Verdict.CONFIRMED]


def _answer(site: Site, case: Case) -> Answer:
    seconds = sum(answer.run.seconds for answer in case.answers)
    reached = [a for a in case.answers if PLACES.asked_for(case.claim, a.run)]
    if not reached:
        ways = [f"{a.request.way.value}: {a.judgement.reason}" for a in case.answers]
        return Answer(site, "", "", " | ".join(ways), seconds)
    # What raises in the first is invented in the last.
    is_script = reached[0].request.way is Way.SCRIPT
    best = reached[0] if is_script else reached[-1]
    seen = PLACES.asked_for(case.claim, best.run)
    outcome = outcome_of(seen)
    blamed = tuple(_blamed(site, seen)) if outcome.startswith(("None", "error")) else ()
    return Answer(site, outcome, best.request.way.value, best.judgement.reason, seconds, blamed)


def outcome_of(seen: Sequence[Asked]) -> str:
    """Say in a word or two what a call gave: the worst of all its turns and sources."""
    sources = [source for asked in seen for source in asked.sources]
    by = " through a stand-in" if any(s.replaced for s in sources) else ""
    if any(asked.error_type for asked in seen):
        return "error"
    if not sources:
        return "no sources"
    outcomes = {source.outcome for source in sources}
    if outcomes == {"none"}:
        return f"None{by}"
    if "none" in outcomes:
        return f"None for some{by}"
    return f"a value{by}" if "value" in outcomes else f"{min(outcomes)}{by}"


def _blamed(site: Site, seen: Sequence[Asked]) -> Iterator[Finding]:
    """Yield the findings that name what the recorder itself takes for the break."""
    found: dict[tuple[str, Span], None] = {}
    for source in (source for asked in seen for source in asked.sources):
        if source.outcome != "none":
            continue
        code = RULES.get(source.cause, "TAP205")
        for span in (site.span, *_breaks(source, site.path)):
            found[code, span] = None
            found["TAP205", span] = None
    for code, span in list(found)[:12]:
        yield finding(site.span, span, code)


def _breaks(source: Source, path: str) -> Iterator[Span]:
    for broken in (*source.breaks, *source.exits):
        line = next((line for file, line in broken.frames if file == path), 0)
        if line:
            yield Span(path, line, 1, line, 1)


def ranked(reasons: Sequence[str]) -> list[tuple[int, str]]:
    """Count reasons that are alike but for names and numbers, the most frequent first."""
    return [(count, reason) for reason, count in Counter(map(alike, reasons)).most_common()]


def alike(reason: str) -> str:
    """Return a reason without the names and numbers in it."""
    reason = re.sub(r"`[^`]*`", "`_`", reason)
    reason = re.sub(r"'[^']*'", "'_'", reason)
    return re.sub(r"\d+", "N", reason)
