"""What the settings say of a function counts, wherever the function is and whatever it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tapelint import engine
from tapelint.model import Belief
from tapelint.settings import Settings
from tapelint.source.read import read

TRAINING = """\
import tensorflow as tf
{imports}

w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = {call} * 2.0
gradient = tape.gradient(y, w)
"""
SPELLINGS = [
    ("from mylib.ops import quantize", "quantize(w)"),
    ("from mylib import quantize as q", "q(w)"),
    ("import mylib.ops", "mylib.ops.quantize(w)"),
    ("import mylib.ops as ops", "ops.quantize(scale=w)"),
    ("from mylib import ops", "ops.quantize(w)"),
]
FLOWING = "def quantize(scale):\n    return scale * 1.0\n"
CUTTING = "import tensorflow as tf\n\n\ndef quantize(scale):\n    return tf.round(scale)\n"


def codes(folder: Path, imports: str, call: str, belief: Belief | None) -> list[str]:
    """Return what is found in a script that calls `mylib.ops.quantize` or its re-export."""
    script = folder / "train.py"
    script.write_text(TRAINING.format(imports=imports, call=call))
    names = ("mylib.ops.quantize", "mylib.quantize")
    beliefs = tuple((name, belief) for name in names) if belief is not None else ()
    settings = Settings(beliefs=beliefs)
    return [finding.code for finding in engine.lint(read(script, str(script)), settings)]


def library(folder: Path, text: str) -> None:
    """Write the library into the project."""
    (folder / "mylib").mkdir()
    (folder / "mylib" / "__init__.py").write_text("from mylib.ops import quantize\n")
    (folder / "mylib" / "ops.py").write_text(text)


@pytest.mark.parametrize(("imports", "call"), SPELLINGS)
def test_a_library_that_is_not_read(tmp_path: Path, imports: str, call: str) -> None:
    assert codes(tmp_path, imports, call, None) == []
    assert codes(tmp_path, imports, call, Belief.FLOWS) == []
    assert codes(tmp_path, imports, call, Belief.BLOCKED) == ["TAP205"]


@pytest.mark.parametrize(("imports", "call"), SPELLINGS)
def test_a_module_of_the_project(tmp_path: Path, imports: str, call: str) -> None:
    library(tmp_path, CUTTING)
    assert codes(tmp_path, imports, call, None) == ["TAP205"]
    assert codes(tmp_path, imports, call, Belief.FLOWS) == []


def test_a_module_of_the_project_that_seems_to_flow(tmp_path: Path) -> None:
    library(tmp_path, FLOWING)
    imports, call = SPELLINGS[0]
    assert codes(tmp_path, imports, call, None) == []
    assert codes(tmp_path, imports, call, Belief.BLOCKED) == ["TAP205"]


def test_tensorflow_itself(tmp_path: Path) -> None:
    settings = Settings(beliefs=(("tensorflow.round", Belief.FLOWS),))
    script = tmp_path / "train.py"
    script.write_text(TRAINING.format(imports="", call="tf.math.round(w)"))
    assert [f.code for f in engine.lint(read(script, "train.py"), Settings())] == ["TAP205"]
    assert engine.lint(read(script, "train.py"), settings) == []
