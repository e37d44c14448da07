"""Many gradients that are lost for one cause are one finding, which says where they were asked for."""

from __future__ import annotations

from pathlib import Path

from tapelint import engine
from tapelint.model import Finding
from tapelint.settings import Settings
from tapelint.source.read import read

START = "import numpy as np\nimport tensorflow as tf\n\n"


def found(folder: Path, program: str) -> list[Finding]:
    """Return the findings of all rules that run by themselves."""
    path = folder / "program.py"
    path.write_text(START + program)
    return [f for f in engine.lint(read(path, "program.py"), Settings()) if f.code != "TAP405"]


def lines(findings: list[Finding]) -> list[tuple[str, int]]:
    """Return code and line of each finding, lines counted in the program."""
    return [(f.code, f.span.line - START.count("\n")) for f in findings]


def test_a_source_is_reported_once_a_tape(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        """\
x = tf.constant(3.0)
with tf.GradientTape(persistent=True) as tape:
    y = x * x
    z = y * x
tape.gradient(y, x)
tape.gradient(z, x)
with tf.GradientTape() as tape:
    y = x * x
tape.gradient(y, x)
""",
    )
    assert lines(findings) == [("TAP101", 5), ("TAP101", 9)]
    assert [s.message for s in findings[0].steps if "as well" in s.message] == [
        "`tape.gradient` answers None here as well"
    ]


def test_what_reaches_no_target_is_told_for_each_target(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        """\
v, w = tf.Variable(3.0), tf.Variable(1.0)
with tf.GradientTape(persistent=True) as tape:
    y = v * 2.0
    z = v * 3.0
tape.gradient(y, w)
tape.gradient(z, w)
""",
    )
    assert lines(findings) == [("TAP108", 5), ("TAP108", 6)]


def test_a_cut_is_reported_once_with_the_requests_it_costs(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        """\
w = tf.Variable(2.0)

def loss(x):
    return tf.reduce_sum(np.exp(w * x))

for scale in (1.0, 2.0):
    with tf.GradientTape() as tape:
        y = loss(scale)
    tape.gradient(y, w)
with tf.GradientTape() as tape:
    y = loss(3.0)
tape.gradient(y, w)
""",
    )
    assert lines(findings) == [("TAP201", 4)]
    also = [s.span.line - START.count("\n") for s in findings[0].steps if "as well" in s.message]
    assert also == [12]


def test_the_derivative_of_a_gradient_that_is_none_is_a_consequence(tmp_path: Path) -> None:
    findings = found(
        tmp_path,
        """\
w = tf.Variable(2.0)
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        y = tf.round(w)
    first = inner.gradient(y, w)
outer.gradient(first, w)
""",
    )
    assert lines(findings) == [("TAP205", 4)]
