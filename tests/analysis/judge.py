"""Run the programs of `semantics/` under a real tape and compare it with their comments.

Nothing of tapelint's analysis runs here: the answers come from TensorFlow alone.
"""

from __future__ import annotations

import linecache
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from observed import Program

METHODS = ("gradient", "jacobian", "batch_jacobian")


class Verdict:
    """What a program did, by line: the Nones and zeros of its gradient calls, what it raised."""

    def __init__(self) -> None:
        self.nones: dict[int, int] = {}
        self.zeros: dict[int, int] = {}
        self.raised: BaseException | None = None
        self.raised_on: int = 0


def judge(program: Program) -> Verdict:
    """Run a program."""
    verdict = Verdict()
    path = f"<{program.name}>"
    names: dict[str, object] = {"__name__": "__main__", "__file__": path}
    # AutoGraph reads the source of what it traces.
    lines = program.source.splitlines(keepends=True)
    linecache.cache[path] = (len(program.source), None, lines, path)
    with _recording(path, verdict):
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


@contextmanager
def _recording(path: str, verdict: Verdict) -> Iterator[None]:
    import tensorflow as tf

    originals = {name: getattr(tf.GradientTape, name) for name in METHODS}
    depth = 0

    def recorded(original: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **keywords: object) -> object:
            # `jacobian` asks `gradient` for each row: only the call the program wrote counts.
            nonlocal depth
            depth += 1
            try:
                answer = original(*arguments, **keywords)
            finally:
                depth -= 1
            line = _nearest_line(sys._getframe(1), path)
            if depth == 0 and line is not None:
                # In a loop, the turn that loses most.
                parts = list(_flat(answer))
                nones = sum(part is None for part in parts)
                zeros = sum(is_zero(part) for part in parts)
                verdict.nones[line] = max(nones, verdict.nones.get(line, 0))
                verdict.zeros[line] = max(zeros, verdict.zeros.get(line, 0))
            return answer

        return call

    for name, original in originals.items():
        setattr(tf.GradientTape, name, recorded(original))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(tf.GradientTape, name, original)


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


def _nearest_line(frame: FrameType | None, path: str) -> int | None:
    while frame is not None and frame.f_code.co_filename != path:
        frame = frame.f_back
    return frame.f_lineno if frame is not None else None


def _line_of(error: BaseException, path: str) -> int:
    line = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
