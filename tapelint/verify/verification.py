"""Put findings to a real tape: choose what to run, run it, and join the verdicts.

A script that reaches the gradient call by itself is the best witness: nothing is invented. One run
of a script serves all findings in it.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tapelint.model import Evidence, Finding, Verdict
from tapelint.verify.claims import Claim, Expected, claim_of
from tapelint.verify.installation import Installation
from tapelint.verify.observed import Run
from tapelint.verify.request import Limits, Mode, Request, Way
from tapelint.verify.runner import Runner
from tapelint.verify.verdict import Judge, Judgement

# Rules about the file itself; there is nothing to run.
NOT_RUN = frozenset({"TAP901", "TAP902", "TAP903"})


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
    """How to verify. `seconds` is the limit of one witness."""

    seconds: float = 20.0
    seed: int = 7
    modes: tuple[Mode, ...] = (Mode.EAGER,)


@dataclass(slots=True)
class _Case:
    """One finding on its way to a verdict."""

    finding: Finding
    claim: Claim
    answers: list[tuple[Request, Run, Judgement]] = field(default_factory=list)


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


class _Session:
    def __init__(self, project: Project, runner: Runner, options: Options) -> None:
        self.project = project
        self.runner = runner
        self.options = options
        self.judge = Judge(project.absolute)

    def verify(
        self, findings: Sequence[Finding], progress: Callable[[int, int], None]
    ) -> list[Finding]:
        cases = {
            id(f): _Case(f, claim_of(f, self.project.texts))
            for f in findings
            if f.code not in NOT_RUN
        }
        for _ in self._rounds(list(cases.values())):
            progress(sum(_is_settled(case) for case in cases.values()), len(cases))
        installation = self.runner.installation
        assert installation is not None
        return [
            replace(f, evidence=_evidence(cases[id(f)], installation)) if id(f) in cases else f
            for f in findings
        ]

    def _rounds(self, cases: Sequence[_Case]) -> Iterator[None]:
        """Try one way after the other on the findings that are still open."""
        for make in (self._scripts, self._scripts_as_written):
            wanted = [case for case in cases if not _is_settled(case)]
            requests = make(wanted)
            for request, run in self.runner.run(list(requests)):
                for case in requests[request]:
                    case.answers.append((request, run, self.judge.judge(case.claim, run)))
                yield None

    def _scripts(self, cases: Iterable[_Case]) -> dict[Request, list[_Case]]:
        """Run every file that holds a finding from its first line."""
        by_file: defaultdict[str, list[_Case]] = defaultdict(list)
        for case in cases:
            if case.claim.expected is not Expected.NOTHING:
                by_file[case.claim.anchor.path].append(case)
        return {self._request(path): found for path, found in by_file.items()}

    def _scripts_as_written(self, cases: Iterable[_Case]) -> dict[Request, list[_Case]]:
        """Run a script that failed with eager functions again, with functions as written."""
        failed = (case for case in cases if any(run.raised for _, run, _ in case.answers))
        return {
            replace(request, mode=Mode.GRAPH): found
            for request, found in self._scripts(failed).items()
        }

    def _request(self, shown: str) -> Request:
        return Request(
            main=self.project.absolute(shown),
            texts=_Texts(
                {self.project.absolute(path): text for path, text in self.project.texts.items()}
            ),
            roots=self.project.roots(shown),
            way=Way.SCRIPT,
            seed=self.options.seed,
            limits=Limits(self.options.seconds),
        )


class _Texts(dict[str, str]):
    """The sources of a project; one object for all requests, told apart by what it is."""

    def __hash__(self) -> int:  # type: ignore[override]  # never changed after it is made
        return id(self)


def _is_settled(case: _Case) -> bool:
    if case.claim.expected is Expected.NOTHING:
        return True
    return any(j.verdict is not Verdict.INCONCLUSIVE for _, _, j in case.answers)


def _evidence(case: _Case, installation: Installation) -> Evidence:
    if not case.answers:
        return Evidence(
            Verdict.INCONCLUSIVE,
            "no single run decides what this rule is about",
            tensorflow=installation.tensorflow,
        )
    request, run, judgement = min(case.answers, key=_worth)
    return Evidence(
        judgement.verdict,
        judgement.reason,
        judgement.seen,
        how="the script",
        assumptions=run.notes,
        mode=request.mode.value,
        tensorflow=installation.tensorflow,
        keras=installation.keras,
        python=installation.python,
        sandbox=run.sandbox,
        seed=request.seed,
        seconds=round(sum(r.seconds for _, r, _ in case.answers), 2),
    )


def _worth(answer: tuple[Request, Run, Judgement]) -> tuple[bool, bool]:
    judgement = answer[2]
    return (judgement.verdict is Verdict.INCONCLUSIVE, not judgement.was_reached)
