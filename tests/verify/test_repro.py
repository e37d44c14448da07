"""A finding, cut out as a script: it fails today, and passes when the code is mended."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from witnesses import Program, run

from tapelint import engine, fixes
from tapelint.model import Finding
from tapelint.settings import Settings
from tapelint.source.read import SourceText
from tapelint.verify.repro import CannotReproduce, script
from tapelint.verify.request import Mode
from tapelint.verify.runner import Runner

HEAD = "import numpy as np\nimport tensorflow as tf\n\n"
LONG = (
    HEAD
    + """\
import argparse

LOG = []
settings = argparse.Namespace(rate=0.1)
unused = np.zeros(1000)


class Model(tf.Module):
    def __init__(self):
        self.w = tf.Variable([1.0, 2.0])

    def __call__(self, x):
        return tf.reduce_sum(self.round(x * self.w))

    def round(self, x):
        # this is where it is lost
        return tf.round(x)


def report(loss):
    LOG.append(float(loss))


model = Model()
data = tf.constant([3.0, 4.0])
for turn in range(3):
    with tf.GradientTape() as tape:
        loss = model(data)
    report(loss)
    model.w.assign_sub(settings.rate * tape.gradient(loss, model.w))
print(LOG, unused)
"""
)
WATCHED = (
    HEAD
    + """\
x = tf.constant(2.0)
with tf.GradientTape() as tape:
    y = x * x
slope = tape.gradient(y, x)
print(slope)
"""
)
UNUSED_HELPER = (
    HEAD
    + """\
def step(model, images):
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.round(images))
    return tape.gradient(y, images)
"""
)


def finding(text: str) -> Finding:
    """Return the first finding in a program."""
    return engine.lint(SourceText("train.py", text), Settings())[0]


def test_what_leads_nowhere_is_left_out() -> None:
    cut = script(finding(LONG), LONG)
    assert "argparse" in cut
    assert "unused" not in cut
    assert "print" not in cut


def test_comments_and_layout_are_kept() -> None:
    assert "        # this is where it is lost\n        return tf.round(x)\n" in script(
        finding(LONG), LONG
    )


def test_a_request_within_an_expression_gets_a_line_of_its_own() -> None:
    cut = script(finding(LONG), LONG)
    assert "    gradient = tape.gradient(loss, model.w)\n    assert all(" in cut
    assert "    model.w.assign_sub(settings.rate * gradient)\n" in cut


def test_a_rule_that_shows_in_no_value_is_refused() -> None:
    text = HEAD + (
        "w = tf.Variable(2.0)\noptimizer = tf.keras.optimizers.SGD(0.1)\n"
        "with tf.GradientTape() as tape:\n    y = w * w\n"
        "slopes = tape.gradient(y, [w])\n"
    )
    about = finding(text)
    assert about.code == "TAP406"
    with pytest.raises(CannotReproduce, match="no single value"):
        script(about, text)


def test_what_the_file_does_not_give_is_named() -> None:
    called = UNUSED_HELPER + "\n\nstep(None, tf.ones(3))\n"
    about = finding(called)
    with pytest.raises(CannotReproduce, match="`images`"):
        script(about, UNUSED_HELPER)


def test_what_a_run_assumed_becomes_inputs() -> None:
    called = UNUSED_HELPER + "\n\nstep(None, tf.ones(3))\n"
    assumed = ("`images` is taken to be a tensor (float32, 4x8x8x3)",)
    cut = script(finding(called), UNUSED_HELPER, assumed)
    assert "images = tf.random.stateless_uniform((4, 8, 8, 3), [1, 7]" in cut
    ast.parse(cut)


@pytest.mark.tensorflow
@pytest.mark.parametrize("text", [LONG, WATCHED], ids=["long", "short"])
def test_the_script_fails_by_its_assertion(runner: Runner, tmp_path: Path, text: str) -> None:
    cut = script(finding(text), text)
    path = tmp_path / "repro.py"
    path.write_text(cut, encoding="utf-8")
    found = run(runner, Program(path, cut), mode=Mode.GRAPH)
    assert [(r.type, r.message) for r in found.raised] == [("AssertionError", "a gradient is None")]


@pytest.mark.tensorflow
def test_the_mended_script_passes(runner: Runner, tmp_path: Path) -> None:
    cut = script(finding(WATCHED), WATCHED)
    fix = fixes.fix_of(finding(cut), cut)
    assert fix is not None
    mended = fixes.applied(cut, fix)
    path = tmp_path / "repro.py"
    path.write_text(mended, encoding="utf-8")
    found = run(runner, Program(path, mended), mode=Mode.GRAPH)
    assert (found.raised, found.fate) == ((), "ended")
