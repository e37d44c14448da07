"""The mark `gradients`: what it fails, what it lets pass, and what it costs the others."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from watching import environment, write

MARKED = """\
import numpy as np
import pytest
import tensorflow as tf

used = tf.Variable(2.0, name="used")
idle = tf.Variable(2.0, name="idle")


def gradients(function, sources=(used,), **options):
    with tf.GradientTape() as tape:
        loss = function(used)
    return tape.gradient(loss, list(sources), **options)


@pytest.mark.gradients
def test_good():
    assert gradients(tf.square)[0] == 4.0


@pytest.mark.gradients
def test_none():
    gradients(lambda x: used * float(x), [used, idle])


@pytest.mark.gradients
def test_cut():
    gradients(lambda x: tf.cast(tf.cast(x, tf.int32), tf.float32))


@pytest.mark.gradients(allow="idle")
def test_allowed():
    gradients(tf.square, [used, idle])


@pytest.mark.gradients
def test_zero_is_asked_for():
    gradients(tf.square, [used, idle], unconnected_gradients="zero")


@pytest.mark.gradients
def test_nan():
    gradients(lambda x: tf.norm(x * [0.0, 0.0]))


@pytest.mark.gradients
def test_graph():
    tf.function(lambda: gradients(tf.square, [idle]))()


def test_unmarked():
    assert gradients(tf.round)[0] is None
"""
WITHOUT = """\
import sys
import pytest


def test_unmarked():
    assert not {"libcst", "tapelint.watch"} & set(sys.modules)


@pytest.mark.gradients
def test_marked():
    assert not {"libcst", "tensorflow"} & set(sys.modules)
"""


def ran(folder: Path, text: str) -> str:
    """Run pytest with the plugin and strict marks; return what it prints."""
    write(folder, text, "test_it.py")
    command = [sys.executable, "-m", "pytest", "-q", "--strict-markers", "-p", "no:cacheprovider"]
    given = subprocess.run(
        [*command, "-p", "tapelint.pytest_plugin", "test_it.py"],
        cwd=folder,
        env={**environment(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
    )
    return given.stdout + given.stderr


def test_a_session_without_tensorflow(tmp_path: Path) -> None:
    out = ran(tmp_path, WITHOUT)
    assert "2 passed" in out, out


@pytest.mark.parametrize("given", ['alow=("b",)', '"b"'])
def test_a_mark_that_is_misspelt_fails_its_test_in_a_sentence(tmp_path: Path, given: str) -> None:
    out = ran(
        tmp_path, f"import pytest\n\n@pytest.mark.gradients({given})\ndef test_it():\n    pass\n"
    )
    assert "1 failed" in out, out
    assert "the mark is used otherwise than `gradients(allow=(), zero=False)`" in out
    assert "TypeError" not in out


@pytest.mark.tensorflow
@pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None or os.name == "nt",
    reason="TensorFlow is not installed",
)
def test_what_fails_a_marked_test(tmp_path: Path) -> None:
    out = ran(tmp_path, MARKED)
    failed = {line.split("::")[1].split()[0] for line in out.split("\n") if line[:6] == "FAILED"}
    assert failed == {"test_none", "test_cut", "test_nan", "test_graph"}, out
    assert "test_it.py:27:" in out
    assert "cut here by `Cast`" in out or "integer-cast" in out
    assert "sqrt-at-zero" in out or "norm-at-zero" in out
