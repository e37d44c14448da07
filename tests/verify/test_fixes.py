"""Fixes: what is not written stands first, then what is written, then that it works."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from witnesses import program

from tapelint import engine, fixes
from tapelint.model import Confidence, Edit, Finding, Fix, Role, Severity, Span, Step, Verdict
from tapelint.settings import Settings
from tapelint.source.read import SourceText
from tapelint.verify.runner import Runner
from tapelint.verify.verification import Options, Project, verify

HEAD = "import math\n\nimport numpy as np\nimport tensorflow as tf\n\n"


def findings(text: str, path: str = "train.py") -> list[Finding]:
    """Return what tapelint finds in a program."""
    return engine.lint(SourceText(path, text), Settings())


def fixed(text: str) -> str | None:
    """Return a program with the fix of its only finding that has one."""
    source = HEAD + text
    written = [fix for f in findings(source) if (fix := fixes.fix_of(f, source)) is not None]
    assert len(written) <= 1
    if not written:
        return None
    repaired = fixes.applied(source, written[0])
    ast.parse(repaired)
    return repaired.removeprefix(HEAD)


NOT_FIXED = {
    "a tape that is opened elsewhere": """
def slope(tape, y, x):
    return tape.gradient(y, x)


x = tf.constant(2.0)
with tf.GradientTape() as t:
    y = x * x
slope(t, y, x)
""",
    "a `with` on one line": """
x = tf.constant(2.0)
with tf.GradientTape() as tape: y = x * x
slope = tape.gradient(y, x)
""",
    "a dtype that was asked for": """
x = tf.Variable(2, dtype=tf.int32)
with tf.GradientTape() as tape:
    y = tf.cast(x, tf.float32) * 2.0
slope = tape.gradient(y, x)
""",
    "a NumPy function with its own keywords": """
x = tf.Variable([2.0, 3.0])
with tf.GradientTape() as tape:
    y = tf.constant(np.std(x, ddof=1)) * 2.0
slope = tape.gradient(y, x)
""",
    "a NumPy function of several": """
x = tf.Variable([2.0, 3.0])
with tf.GradientTape() as tape:
    y = tf.reduce_sum(tf.constant(np.where([True, False], x, 0.0)))
slope = tape.gradient(y, x)
""",
    "names that are bound together": """
a, b = tf.Variable(2.0), tf.Variable(3.0)
for _ in range(2):
    with tf.GradientTape() as tape:
        y = a * b
    da, db = tape.gradient(y, [a, b])
    if da is not None:
        a, b = a - da, b - db
""",
}
FIXED = {
    "an unwatched constant": (
        """
x = tf.constant(2.0)
with tf.GradientTape() as tape:
    y = x * x
slope = tape.gradient(y, x)
""",
        """
x = tf.constant(2.0)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = x * x
slope = tape.gradient(y, x)
""",
    ),
    "a tape that is asked twice": (
        """
x = tf.Variable(2.0)
with tf.GradientTape(watch_accessed_variables=True) as tape:
    y = x * x
first = tape.gradient(y, x)
second = tape.gradient(y, x)
""",
        """
x = tf.Variable(2.0)
with tf.GradientTape(watch_accessed_variables=True, persistent=True) as tape:
    y = x * x
first = tape.gradient(y, x)
second = tape.gradient(y, x)
""",
    ),
    "an integer": (
        """
x = tf.Variable(2)
with tf.GradientTape() as tape:
    y = tf.cast(x, tf.float32) * 2.0
slope = tape.gradient(y, x)
""",
        """
x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = tf.cast(x, tf.float32) * 2.0
slope = tape.gradient(y, x)
""",
    ),
    "a list of integers": (
        """
x = tf.Variable([2, -3])
with tf.GradientTape() as tape:
    y = tf.reduce_sum(tf.cast(x, tf.float32))
slope = tape.gradient(y, x)
""",
        """
x = tf.Variable([2, -3], dtype=tf.float32)
with tf.GradientTape() as tape:
    y = tf.reduce_sum(tf.cast(x, tf.float32))
slope = tape.gradient(y, x)
""",
    ),
    "a rebound variable": (
        """
w = tf.Variable(2.0)
for _ in range(3):
    with tf.GradientTape() as tape:
        y = w * w
    slope = tape.gradient(y, w)
    if slope is not None:
        w = w - 0.1 * slope
""",
        """
w = tf.Variable(2.0)
for _ in range(3):
    with tf.GradientTape() as tape:
        y = w * w
    slope = tape.gradient(y, w)
    if slope is not None:
        w.assign_sub(0.1 * slope)
""",
    ),
    "a NumPy function": (
        """
x = tf.Variable([2.0, 3.0])
with tf.GradientTape() as tape:
    y = tf.reduce_sum(tf.constant(2.0) * np.exp(x))
slope = tape.gradient(y, x)
""",
        """
x = tf.Variable([2.0, 3.0])
with tf.GradientTape() as tape:
    y = tf.reduce_sum(tf.constant(2.0) * tf.exp(x))
slope = tape.gradient(y, x)
""",
    ),
}


@pytest.mark.parametrize("name", NOT_FIXED)
def test_nothing_is_written_for(name: str) -> None:
    source = HEAD + NOT_FIXED[name]
    assert findings(source), "the program has to have a finding"
    assert fixed(NOT_FIXED[name]) is None


@pytest.mark.parametrize("name", FIXED)
def test_a_fix_is_written_for(name: str) -> None:
    before, after = FIXED[name]
    assert fixed(before) == after


@pytest.mark.parametrize("name", FIXED)
def test_a_fixed_program_is_clean(name: str) -> None:
    assert findings(HEAD + FIXED[name][1]) == []


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", FIXED)
def test_a_fix_is_proved(runner: Runner, tmp_path: Path, name: str) -> None:
    source = HEAD + FIXED[name][0]
    made = program(tmp_path, source, imports="")
    project = Project(tmp_path, {made.path.name: source})
    verified = verify(findings(source), project, runner, Options(seconds=60.0))
    proofs = [f.evidence.fix for f in verified if f.evidence is not None and f.evidence.fix]
    (proof,) = proofs
    assert " -> " in proof
    if name != "a tape that is asked twice":
        assert proof.startswith("None -> ")
        assert proof.endswith("as the finite difference says")


@pytest.mark.tensorflow
def test_a_fix_that_leaves_another_way_cut_is_not_proved(runner: Runner, tmp_path: Path) -> None:
    source = HEAD + (
        "x = tf.Variable(2.0)\n"
        "with tf.GradientTape() as tape:\n"
        "    y = tf.constant(float(x)) * np.exp(x)\n"
        "slope = tape.gradient(y, x)\n"
    )
    made = program(tmp_path, source, imports="")
    project = Project(tmp_path, {made.path.name: source})
    verified = verify(findings(source), project, runner, Options(seconds=60.0))
    (numpy,) = verified
    assert fixes.fix_of(numpy, source) is not None
    assert numpy.evidence is not None
    assert (numpy.evidence.verdict, numpy.evidence.fix) == (Verdict.CONFIRMED, "")


def test_edits_are_made_from_the_end() -> None:
    span = Span("a.py", 2, 3, 2, 4)
    first = Fix("f", (), True)
    both = replace(
        first,
        edits=(Edit(replace(span, column=1, end_column=2), "<"), Edit(span, ">\n")),
    )
    assert fixes.applied("ab\n1é3\n", both) == "ab\n<é>\n\n"


def test_a_file_that_cannot_be_parsed_is_left_alone() -> None:
    span = Span("a.py", 1, 1, 1, 2)
    steps = (Step(span, Role.TAPE, "`tape.gradient` answers None"),)
    found = Finding(
        "TAP101", "n", "m", span, Severity.ERROR, Confidence.CERTAIN, "call `t.watch(x)`", steps
    )
    assert fixes.fix_of(found, "with x as t:\n") is None
