"""Hand-made findings in sources that are hard to print, and what reads a report back."""

from __future__ import annotations

from pathlib import Path

from tapelint.model import Confidence, Finding, Role, Severity, Span, Step
from tapelint.report import Context

TRAIN = """\
import numpy as np
import tensorflow as tf

from lib.helper import score

w = tf.Variable(2.0)

with tf.GradientTape() as tape:
    y = w * 3.0

    m = np.mean(y)
    loss = m * 2
gradient = tape.gradient(loss, w)
again = tape.gradient(loss, w)
	label = "😀日本" + float(w)
loss = score(np.mean(y) * w, "漢字") + tf.reduce_sum(y) + tf.reduce_sum(y) + tf.reduce_sum(y)
"""
HELPER = """\
import math


def score(value, name):
    return math.sqrt(value)
"""
SOURCES = {"train.py": TRAIN, "lib/helper.py": HELPER}


def span(line: int, text: str, path: str = "train.py") -> Span:
    """Return the span of the first `text` on a line of one of `SOURCES`."""
    start = SOURCES[path].split("\n")[line - 1].index(text) + 1
    return Span(path, line, start, line, start + len(text))


def step(line: int, text: str, role: Role, message: str, path: str = "train.py") -> Step:
    """Return a step at the first `text` on a line of one of `SOURCES`."""
    return Step(span(line, text, path), role, message)


def finding(at: Span, *steps: Step, message: str = "the thing is wrong", help: str = "") -> Finding:
    """Return a finding of which only the places matter."""
    return Finding(
        "TAP201", "numpy-in-tape", message, at, Severity.ERROR, Confidence.CERTAIN, help, steps
    )


VARIABLE = step(6, "tf.Variable(2.0)", Role.SOURCE, "`w` is a variable")

NUMPY = finding(
    span(11, "np.mean(y)"),
    VARIABLE,
    step(9, "w * 3.0", Role.STEP, "`y` is recorded"),
    step(11, "np.mean(y)", Role.BREAK, "`np.mean` leaves TensorFlow and gives a NumPy array"),
    step(12, "m * 2", Role.TARGET, "`loss` is a NumPy number"),
    message="the gradient of `loss` with respect to `w` is None: cut by `np.mean`",
    help="use `tf.reduce_mean(y)`; it does the same and stays on the tape",
)
EXHAUSTED = Finding(
    "TAP301",
    "exhausted-tape",
    "the tape was asked before and is not persistent",
    span(14, "tape.gradient(loss, w)"),
    Severity.ERROR,
    Confidence.CERTAIN,
    "ask once for both: `tape.gradient(loss, [w, w])`\n"
    "or make the tape with `tf.GradientTape(persistent=True)` and `del` it after the last question",
    (step(8, "tf.GradientTape()", Role.TAPE, "it is not persistent"),),
)
WIDE = Finding(
    "TAP202",
    "python-value-in-tape",
    "the gradient of `label` with respect to `w` is None: cut by `float`",
    span(15, "float(w)"),
    Severity.WARNING,
    Confidence.LIKELY,
    "",
    (VARIABLE, step(15, "float(w)", Role.BREAK, "`float` leaves TensorFlow")),
)
CROWDED = finding(
    span(16, "np.mean(y)"),
    step(16, "w,", Role.SOURCE, "`w` is a variable"),
    step(16, "np.mean(y)", Role.BREAK, "`np.mean` leaves TensorFlow"),
    step(16, "loss", Role.TARGET, "`loss`"),
    message="the gradient of `loss` with respect to `w` is None: cut by `np.mean`",
)
ELSEWHERE = finding(
    span(5, "math.sqrt(value)", "lib/helper.py"),
    VARIABLE,
    step(16, "score", Role.STEP, "`score` is called with it"),
    step(5, "math.sqrt(value)", Role.BREAK, "`math.sqrt` leaves TensorFlow", "lib/helper.py"),
    step(16, "loss", Role.TARGET, "`loss`"),
    message="the gradient of `loss` with respect to `w` is None: cut by `math.sqrt`",
    help="use `tf.sqrt(value)`",
)
ALL = (EXHAUSTED, NUMPY, CROWDED, ELSEWHERE, WIDE)


def context(
    cwd: Path = Path("/nowhere"),
    sources: dict[str, str] = SOURCES,
    *,
    width: int = 80,
    colour: bool = False,
    checked: int = 12,
    suppressed: int = 0,
) -> Context:
    """Return a context in which only `sources` exist."""
    return Context(
        source=sources.get,
        cwd=cwd,
        version="1.2.3",
        width=width,
        colour=colour,
        checked=checked,
        suppressed=suppressed,
    )
