"""The part of the command line that runs code: `--verify`, and what its verdicts mean for a run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tapelint import console
from tapelint.model import Confidence, Finding, Verdict

if TYPE_CHECKING:
    from tapelint.session import Result
    from tapelint.verify.installation import Installation

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
) -> Result:
    """Put the findings of a run to a real tape; leave out those that it refutes.

    Where there is no TensorFlow, or nothing that confines a witness, one sentence says so and the
    result is what it was.
    """
    from tapelint.verify.installation import NoTensorFlow, interpreter
    from tapelint.verify.runner import Runner
    from tapelint.verify.verification import Options, Project, verify

    if not result.findings:
        return result
    roots = [Path.cwd(), *([root] if root else [])]
    roots += [folder / "src" for folder in roots if (folder / "src").is_dir()]
    project = Project(Path.cwd(), result.sources, tuple(dict.fromkeys(roots)))
    try:
        found = interpreter(python, root or Path.cwd())
        with (
            Runner(found, at_once=at_once or _at_once()) as runner,
            console.Progress(what="findings") as progress,
        ):
            assert runner.installation is not None
            if not (allow_unsandboxed or _is_confined(runner.installation)):
                console.remark(WEAK)
                return result
            options = Options(seconds=seconds)
            findings = verify(result.findings, project, runner, options, progress)
    except NoTensorFlow as problem:
        console.remark(f"nothing is verified: {problem}")
        return result
    kept = tuple(f for f in findings if show_refuted or not is_refuted(f))
    return replace(result, findings=kept, refuted=len(findings) - len(kept))


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


def _is_confined(installation: Installation) -> bool:
    return installation.sandbox != "weak"


def _at_once() -> int:
    """Return how many witnesses may run together: each takes some 100 MB of its own."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    return max(1, min(processors, 4))
