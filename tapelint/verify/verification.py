"""Put findings to a real tape: choose what to run, run it, and join the verdicts.

A script that reaches the gradient call by itself is the best witness: nothing is invented. One run
of a script serves all findings in it.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tapelint.model import Finding, Verdict
from tapelint.verify.cases import Answer, Case, evidence
from tapelint.verify.claims import Claim, Expected, claim_of
from tapelint.verify.inputs import bad_inputs, shown, sources_of
from tapelint.verify.judgement import Judgement
from tapelint.verify.modes import by_mode, repeated
from tapelint.verify.observed import Run
from tapelint.verify.proof import Prover, with_proof
from tapelint.verify.request import Limits, Mode, Request, Way, World
from tapelint.verify.runner import Runner
from tapelint.verify.verdict import Judge, checked, joined

# Rules about the file itself; there is nothing to run.
NOT_RUN = frozenset({"TAP901", "TAP902", "TAP903"})
# A loop that is cut short still shows what its second turn changes.
FEW_TURNS = 3
# The finding names something that does happen.
HOLDS = (Verdict.CONFIRMED, Verdict.DIFFERS)


@dataclass(frozen=True, slots=True)
class Project:
    """The files that were checked. `texts` is by the paths that findings show.

    `root` is the folder that relative paths start from; `import_roots` are tried by imports.
    """

    root: Path
    texts: Mapping[str, str]
    import_roots: tuple[Path, ...] = ()

    def absolute(self, shown: str) -> str:
        """Return the path of a file as the worker sees it."""
        return os.path.abspath(os.path.join(self.root, shown))

    def roots(self, shown: str) -> tuple[str, ...]:
        """Return the folders that imports of a file start from."""
        own = os.path.dirname(self.absolute(shown))
        roots = [own, *(str(root) for root in self.import_roots)]
        folder = own
        while os.path.isfile(os.path.join(folder, "__init__.py")):
            folder = os.path.dirname(folder)
            roots.append(folder)
        return tuple(dict.fromkeys(roots))


@dataclass(frozen=True, slots=True)
class Options:
    """How to verify. `seconds` is the limit of one witness, `modes` are those to compare."""

    seconds: float = 20.0
    seed: int = 7
    modes: tuple[Mode, ...] = (Mode.EAGER,)


def verify(
    findings: Sequence[Finding],
    project: Project,
    runner: Runner,
    options: Options | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Finding]:
    """Return the findings with their evidence, in the order in which they came."""
    session = _Session(project, runner, options or Options())
    return session.verify(findings, progress)


def tried(
    findings: Sequence[Finding],
    project: Project,
    runner: Runner,
    options: Options | None = None,
) -> list[Case]:
    """Return what was run for each finding and what it gave, before any of it is done again."""
    session = _Session(project, runner, options or Options())
    cases = [Case(f, claim_of(f, project.texts)) for f in findings]
    session.try_all(cases, lambda done, total: None)
    return cases


class _Session:
    def __init__(self, project: Project, runner: Runner, options: Options) -> None:
        self.project = project
        self.runner = runner
        self.options = options
        self.judge = Judge(project.absolute)
        self.texts = _Texts((project.absolute(p), text) for p, text in project.texts.items())

    def verify(
        self, findings: Sequence[Finding], progress: Callable[[int, int], None]
    ) -> list[Finding]:
        cases = {
            id(f): Case(f, claim_of(f, self.project.texts))
            for f in findings
            if f.code not in NOT_RUN
        }
        wanted = [c for c in cases.values() if c.claim.expected is not Expected.NOTHING]
        self.try_all(wanted, progress)
        self._try_bad_inputs([c for c in wanted if not c.is_settled and c.was_reached])
        self._seek_inputs([c for c in wanted if not c.is_settled and c.was_reached])
        self._repeat([c for c in wanted if c.is_settled])
        self._check_as_written(wanted)
        installation = self.runner.installation
        assert installation is not None
        judged = [
            (replace(f, evidence=evidence(cases[id(f)], installation)), cases[id(f)])
            if id(f) in cases
            else (f, None)
            for f in findings
        ]
        return self._with_fixes(judged)

    def try_all(self, cases: Sequence[Case], progress: Callable[[int, int], None]) -> None:
        """Run one thing after the other for each case until one of them says something."""
        rounds = (
            self._scripts,
            self._scripts_again,
            self._replays,
            self._slices,
            self._tolerant_replays,
            self._tolerant_slices,
        )
        for make in rounds:
            still_open = [case for case in cases if not case.is_settled]
            for _ in self._run(make(still_open)):
                progress(sum(case.is_settled for case in cases), len(cases))

    def _with_fixes(self, judged: Sequence[tuple[Finding, Case | None]]) -> list[Finding]:
        """Try the fixes of what a script has confirmed."""
        candidates = []
        for finding, case in judged:
            best = case.best if case else None
            if best is not None and best.request.way is Way.SCRIPT:
                text = self.texts.get(self.project.absolute(finding.span.path), "")
                candidates.append((finding, best.request, text, best.run))
        proofs = Prover(self.runner, self.judge).prove(candidates)
        return [with_proof(finding, proofs.get(id(finding))) for finding, _ in judged]

    def _try_bad_inputs(self, cases: Sequence[Case]) -> None:
        """Give the sources of a finding about NaN the numbers at which it is to be expected."""
        wanted: _Trials = {}
        for case, request in self._about_numbers(cases):
            for name, line, value in bad_inputs(case.claim):
                changed = replace(request, nudge=(line, (value,)), fills=True)
                wanted[changed] = (case, name)
        self._try(wanted)

    def _seek_inputs(self, cases: Sequence[Case]) -> None:
        """Let the witness look for numbers at which the operation that is blamed is singular.

        What it finds is tried like any other input: only what comes out then counts.
        """
        wanted: _Trials = {}
        for case, request in self._about_numbers(cases):
            breaks = case.claim.breaks
            lines = tuple((self.project.absolute(b.path), b.line, b.end_line) for b in breaks)
            for name, line in sources_of(case.claim):
                wanted[replace(request, nudge=(line, ()), seeks=lines)] = (case, name)
        found: _Trials = {}
        for request, run in self.runner.run(list(wanted)):
            for numbers in filter(None, run.sought[:1]):
                line = request.nudge[0] if request.nudge else 0
                changed = replace(request, nudge=(line, numbers), fills=True, seeks=())
                found[changed] = wanted[request]
        self._try(found)

    def _about_numbers(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Request]]:
        for case in cases:
            if case.claim.expected is Expected.NOT_FINITE and case.best is not None:
                yield case, case.best.request

    def _try(self, wanted: _Trials) -> None:
        """Run with other numbers, and keep what shows that a finding is right."""
        for request, run in self.runner.run(list(wanted)):
            case, name = wanted[request]
            assert request.nudge is not None
            assumption = f"`{name}` is filled with {shown(request.nudge[1])}"
            told = replace(run, notes=(assumption, *run.notes))
            judgement = self._judged(case.claim, told)
            if judgement.verdict in HOLDS and not case.is_settled:
                judgement = replace(
                    judgement,
                    reason=f"{judgement.reason}, where {assumption}",
                    assumed=(judgement.assumed or 0) + 1,
                )
                case.answers.append(Answer(request, told, judgement))

    def _repeat(self, cases: Sequence[Case]) -> None:
        """Run what gave a verdict a second time; where the second differs, there is none."""
        wanted: defaultdict[Request, list[Case]] = defaultdict(list)
        for case in cases:
            if case.best is not None:
                wanted[replace(case.best.request, modes=(), is_second=True)].append(case)
        for request, run in self.runner.run(list(wanted)):
            for case in wanted[request]:
                best = case.best
                assert best is not None
                second = replace(run, notes=best.run.notes) if request.nudge else run
                case.answers = [repeated(best, case.claim, second, self.judge)]

    def _check_as_written(self, cases: Sequence[Case]) -> None:
        """Run what needed functions to run eagerly once more as it is written."""
        wanted: defaultdict[Request, list[Case]] = defaultdict(list)
        for case in cases:
            best = case.best
            if best is None or best.judgement.verdict is Verdict.DIFFERS:
                continue
            if best.judgement.was_reached and best.run.is_forced:
                wanted[replace(best.request, mode=Mode.GRAPH, modes=())].append(case)
        for request, run in self.runner.run(list(wanted)):
            for case in wanted[request]:
                best = case.best
                assert best is not None
                asked = self.judge.asked_at(case.claim.anchor, run)
                judgement = checked(best.judgement, case.claim, asked)
                case.answers = [replace(best, judgement=judgement)]

    # ----------------------------------------------------------------------------- what to run

    def _scripts(self, cases: Sequence[Case]) -> _Plan:
        """Run every file that holds a finding from its first line."""
        by_file: defaultdict[tuple[str, bool], list[Case]] = defaultdict(list)
        for case in cases:
            by_file[case.claim.anchor.path, case.claim.needs_graph].append(case)
        return [((self._script(*key, found),), found) for key, found in by_file.items()]

    def _script(self, path: str, needs_graph: bool, cases: Sequence[Case]) -> Request:
        lines = {case.claim.anchor.line for case in cases}
        request = replace(self._request(path), sites=tuple(sorted(lines)))
        return replace(request, mode=Mode.GRAPH) if needs_graph else request

    def _scripts_again(self, cases: Sequence[Case]) -> _Plan:
        """Run a script again that took too long, or that eager functions made raise."""
        plan: _Plan = []
        for (request,), found in self._scripts([c for c in cases if not c.was_reached]):
            before = found[0].answers[-1].run
            if before.fate == "timed out":
                plan.append(((replace(request, turns=FEW_TURNS),), found))
            elif before.raised:
                plan.append(((replace(request, mode=Mode.GRAPH),), found))
        return plan

    def _replays(self, cases: Sequence[Case]) -> _Plan:
        """Call the function around a gradient call that no script reaches."""
        return self._in_two_worlds(cases, Way.REPLAY)

    def _slices(self, cases: Sequence[Case]) -> _Plan:
        """Run nothing but what leads to a gradient call."""
        return self._in_two_worlds(cases, Way.SLICE)

    def _tolerant_replays(self, cases: Sequence[Case]) -> _Plan:
        """Call the function around a gradient call once more, and invent the result of what raises."""
        return self._in_two_worlds(cases, Way.REPLAY, is_tolerant=True)

    def _tolerant_slices(self, cases: Sequence[Case]) -> _Plan:
        """Run what leads to a gradient call once more, and invent the result of what raises."""
        return self._in_two_worlds(cases, Way.SLICE, is_tolerant=True)

    def _in_two_worlds(
        self, cases: Sequence[Case], way: Way, *, is_tolerant: bool = False
    ) -> _Plan:
        by_place: defaultdict[tuple[str, int, bool], list[Case]] = defaultdict(list)
        for case in cases:
            if not case.was_reached or (is_tolerant and case.is_worth_more):
                anchor = case.claim.anchor
                by_place[anchor.path, anchor.line, case.claim.needs_graph].append(case)
        plan: _Plan = []
        for (path, line, needs_graph), found in by_place.items():
            request = replace(
                self._request(path),
                way=way,
                line=line,
                sites=(line,),
                turns=FEW_TURNS,
                is_tolerant=is_tolerant,
                mode=Mode.GRAPH if needs_graph else Mode.EAGER,
            )
            worlds = (request, replace(request, world=World.VARIABLE))
            plan.append((worlds, found))
        return plan

    def _request(self, shown: str) -> Request:
        return Request(
            main=self.project.absolute(shown),
            texts=self.texts,
            roots=self.project.roots(shown),
            seed=self.options.seed,
            modes=tuple(mode for mode in self.options.modes if mode is not Mode.EAGER),
            limits=Limits(self.options.seconds),
        )

    # -------------------------------------------------------------------------------- running

    def _run(self, plan: _Plan) -> Iterator[None]:
        """Run what is planned; hand every finding its judgement when all its runs are there."""
        runs: dict[Request, Run] = {}
        left = {index: len(requests) for index, (requests, _) in enumerate(plan)}
        owner = {r: index for index, (requests, _) in enumerate(plan) for r in requests}
        for request, run in self.runner.run(list(owner)):
            runs[request] = run
            index = owner[request]
            left[index] -= 1
            if not left[index]:
                requests, cases = plan[index]
                for case in cases:
                    case.add(self._answer(case.claim, requests, runs))
                yield None

    def _judged(self, claim: Claim, run: Run) -> Judgement:
        judgement = self.judge.judge(claim, run)
        modes = self.options.modes
        return by_mode(judgement, claim, run, self.judge, modes) if len(modes) > 1 else judgement

    def _answer(
        self, claim: Claim, requests: Sequence[Request], runs: Mapping[Request, Run]
    ) -> Answer:
        judgements = [self._judged(claim, runs[request]) for request in requests]
        first = requests[0]
        if len(requests) == 1:
            return Answer(first, runs[first], judgements[0])
        names = " and ".join(f"`{name}`" for name in claim.labels[:2]) or "the inputs"
        return Answer(first, runs[first], joined(judgements[0], judgements[1], names))


# Requests with other numbers, the findings they are for, and how the source is called.
_Trials = dict[Request, tuple[Case, str]]
_Plan = list[tuple[tuple[Request, ...], list[Case]]]


class _Texts(dict[str, str]):
    """The sources of a project: one object for all requests, compared by identity."""

    def __hash__(self) -> int:  # type: ignore[override]  # never changed after it is made
        return id(self)
