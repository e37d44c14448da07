"""Run the programs of `semantics/` under a real tape and compare it with their comments.

Nothing of tapelint's analysis runs here: the answers come from TensorFlow alone.
"""

from __future__ import annotations

import linecache
from collections import Counter
from collections.abc import Iterator

from observed import Program
from tape import recording


class Verdict:
    """What a program did, by line: the Nones and zeros of its gradient calls, what it raised."""

    def __init__(self) -> None:
        self.nones: dict[int, int] = {}
        self.zeros: dict[int, int] = {}
        self.raised: BaseException | None = None
        self.raised_on: int = 0

    def note(self, line: int, answer: object) -> None:
        """Note an answer; in a loop, that of the turn that loses most."""
        parts = list(_flat(answer))
        nones = sum(part is None for part in parts)
        zeros = sum(is_zero(part) for part in parts)
        self.nones[line] = max(nones, self.nones.get(line, 0))
        self.zeros[line] = max(zeros, self.zeros.get(line, 0))


def judge(program: Program) -> Verdict:
    """Run a program."""
    verdict = Verdict()
    path = f"<{program.name}>"
    names: dict[str, object] = {"__name__": "__main__", "__file__": path}
    # AutoGraph reads the source of what it traces.
    lines = program.source.splitlines(keepends=True)
    linecache.cache[path] = (len(program.source), None, lines, path)
    with recording(path, verdict.note):
        try:
            exec(compile(program.source, path, "exec"), names)
        except Exception as error:  # noqa: BLE001 -- what it raises is the answer
            verdict.raised, verdict.raised_on = error, _line_of(error, path)
    return verdict


def contradiction(program: Program, verdict: Verdict) -> str | None:
    """Return how TensorFlow contradicts the comments of a program, None where it agrees."""
    expected = program.expected
    raising = {note.line for note in expected if note.kind == "raises"}
    if verdict.raised is not None and verdict.raised_on not in raising:
        return f"line {verdict.raised_on} raised {verdict.raised!r}"
    if verdict.raised is None and raising:
        return f"line {min(raising)} raised nothing"
    for kind, given in (("lost", verdict.nones), ("zeros", verdict.zeros)):
        said = Counter(note.line for note in expected if note.kind == kind)
        # A gradient that is zero may well be right: only a claim of zeros is checked.
        gave = {n: count for n, count in given.items() if count and (kind == "lost" or n in said)}
        # After an exception nothing was asked.
        if verdict.raised is None and gave != dict(said):
            return f"TensorFlow gave {kind} {gave}, the comments say {dict(said)}"
    return None


def is_zero(part: object) -> bool:
    """Whether a gradient is a tensor of zeros."""
    import numpy as np
    import tensorflow as tf

    if not tf.is_tensor(part) or not hasattr(part, "numpy"):
        return False
    return not np.any(part.numpy())


def _flat(answer: object) -> Iterator[object]:
    match answer:
        case dict():
            for part in answer.values():
                yield from _flat(part)
        case list() | tuple():
            for part in answer:
                yield from _flat(part)
        case _:
            yield answer


def _line_of(error: BaseException, path: str) -> int:
    line = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
