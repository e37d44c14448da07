"""Plant a break at every gradient call, and see whether analysis and verification find it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tapelint.model import Evidence, Finding, Span, Verdict
from tapelint.session import Job, check
from tapelint.settings import Settings
from tapelint.verify.runner import Runner
from tapelint.verify.verification import Options, verify
from tools.sites.calls import Site
from tools.sites.plants import KINDS, Plant, planted
from tools.sites.witnesses import NONE, RAISES, finding, project_of, ranked


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a planted break.

    `is_found` holds where the analysis reports its line; else the right finding was put to the
    tape in its place. `is_healthy` holds where a real gradient came out before it was planted.
    """

    plant: Plant
    is_found: bool
    code: str
    evidence: Evidence
    is_healthy: bool

    @property
    def verdict(self) -> str:
        """What the tape says."""
        return self.evidence.verdict.value


def results(
    sites: Sequence[Site],
    healthy: frozenset[Site],
    runner: Runner,
    options: Options,
    kinds: Sequence[str] = KINDS,
    seed: int = 7,
) -> Iterator[Result]:
    """Yield what becomes of one break at each call, where one can be planted."""
    for site in sites:
        plant = planted(site, kinds, seed)
        if plant is not None:
            yield _result(plant, site in healthy, runner, options)


def _result(plant: Plant, is_healthy: bool, runner: Runner, options: Options) -> Result:
    found = [f for f in _found(plant) if f.span.line == plant.line]
    own = next((f for f in found if f.code == plant.code), found[0] if found else None)
    span = Span(plant.path, plant.line, 1, plant.line, 1)
    # What the analysis would have said of an array as target depends on what asks for its gradient.
    made = [finding(plant.site, span, plant.code, message) for message in (NONE, RAISES)]
    judged = verify([own] if own else made, project_of(plant.path, plant.text), runner, options)
    best = next((f for f in judged if _is_confirmed(f)), judged[0])
    assert best.evidence is not None
    return Result(plant, own is not None, best.code, best.evidence, is_healthy)


def _is_confirmed(found: Finding) -> bool:
    return found.evidence is not None and found.evidence.verdict is Verdict.CONFIRMED


def _found(plant: Plant) -> tuple[Finding, ...]:
    """Return what the analysis says of a planted file."""
    return check(Job(plant.path, data=plant.text.encode()), Settings()).findings


def report(found: Sequence[Result]) -> str:
    """Sum up by kind, then the reasons of what is not confirmed."""
    lines = [
        _summary("all planted", found),
        _summary("where a value came out before", [r for r in found if r.is_healthy]),
        _summary("found by the analysis", [r for r in found if r.is_found]),
    ]
    by_kind: defaultdict[str, list[Result]] = defaultdict(list)
    for result in found:
        by_kind[result.plant.kind].append(result)
    lines += [_summary(kind, by_kind[kind]) for kind in sorted(by_kind)]
    for title, verdict in (("inconclusive", Verdict.INCONCLUSIVE), ("refuted", Verdict.REFUTED)):
        reasons = [r.evidence.reason for r in found if r.evidence.verdict is verdict]
        lines += [f"{count:5} {title}: {why}" for count, why in ranked(reasons)]
    return "\n".join(lines)


def _summary(title: str, found: Sequence[Result]) -> str:
    counts = Counter(result.verdict for result in found)
    reported = sum(result.is_found for result in found)
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    return f"{title}: {len(found)} planted, {reported} found by the analysis; {said}"


def line_of(result: Result) -> str:
    """Say in a line what became of one break."""
    plant = result.plant
    by = "found" if result.is_found else "missed"
    health = "" if result.is_healthy else ", not healthy"
    place = f"{plant.path}:{plant.line}"
    return f"{place} {plant.kind} {by} as {result.code}{health}: {result.verdict}, {result.evidence.reason}"
