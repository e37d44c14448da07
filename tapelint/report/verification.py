"""What a run under a real tape showed, in words and as data; shared by the writers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.model import Evidence, Seen, Verdict

MOST_ASSUMPTIONS = 6


def sentence(evidence: Evidence) -> str:
    """Return the verdict and its reason."""
    return f"{evidence.verdict.value}: {evidence.reason}"


def paragraphs(evidence: Evidence) -> Iterator[str]:
    """Yield what a person wants to know, the verdict first."""
    yield sentence(evidence)
    if evidence.seen:
        yield seen(evidence.seen)
    if evidence.modes and evidence.verdict is not Verdict.DIFFERS:
        yield f"by mode: {', '.join(f'{m.mode} {m.gave}' for m in evidence.modes)}"
    if evidence.fix:
        yield f"fix verified: {evidence.fix}"
    if evidence.how and evidence.verdict is not Verdict.INCONCLUSIVE:
        yield f"ran {evidence.how}, {circumstances(evidence)}"
    for assumption in evidence.assumptions[:MOST_ASSUMPTIONS]:
        yield f"assumed: {assumption}"
    if len(evidence.assumptions) > MOST_ASSUMPTIONS:
        yield f"assumed: {len(evidence.assumptions) - MOST_ASSUMPTIONS} more"


def seen(answers: Sequence[Seen]) -> str:
    """Return what came out for each source: "`w` gave None, `b` gave [6] in turn 2"."""
    parts = []
    for answer in answers:
        turn = f" in turn {answer.turn}" if answer.turn > 1 else ""
        parts.append(f"`{answer.source}` gave {answer.gave}{turn}")
    return ", ".join(parts)


def circumstances(evidence: Evidence) -> str:
    """Return versions, mode, seed and time, as far as they are known."""
    parts = [
        f"TensorFlow {evidence.tensorflow}" if evidence.tensorflow else "",
        f"Keras {evidence.keras}" if evidence.keras else "",
        evidence.mode,
        # The user's own program was run as it is.
        f"seed {evidence.seed}, {evidence.seconds:.1f} s" if evidence.seconds else "",
    ]
    return ", ".join(part for part in parts if part)


def data(evidence: Evidence) -> dict[str, object]:
    """Return everything, for formats that programs read."""
    return {
        "verdict": evidence.verdict.value,
        "reason": evidence.reason,
        "seen": [
            {"source": s.source, "gave": s.gave, "line": s.line, "turn": s.turn}
            for s in evidence.seen
        ],
        "how": evidence.how,
        "assumptions": list(evidence.assumptions),
        "mode": evidence.mode,
        "tensorflow": evidence.tensorflow,
        "keras": evidence.keras,
        "python": evidence.python,
        "sandbox": evidence.sandbox,
        "seed": evidence.seed,
        "seconds": evidence.seconds,
        "fix": evidence.fix,
        "modes": [{"mode": m.mode, "gave": m.gave} for m in evidence.modes],
    }
