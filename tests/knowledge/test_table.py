"""The shipped table: what it says of a sample of callables is what TensorFlow does today."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from tapelint.analysis import knowledge
from tapelint.analysis.knowledge import DTypeClass, Effect
from tapelint.model import Belief

ROOT = Path(__file__).parents[2]
TABLE = resources.files(knowledge) / "table.json"
ROWS = json.loads(TABLE.read_text(encoding="utf-8"))["facts"]
# Every so many, and some of each kind of fact.
EVERY = 24
CHOSEN = (
    "tf.range", "tf.argmax", "tf.sign", "tf.math.imag", "tf.nn.top_k", "tf.shape", "tf.round",
    "tf.one_hot", "tf.image.adjust_contrast", "tf.random.normal", "keras.ops.argmax", "tf.searchsorted",
)  # fmt: skip


def test_the_table_is_small_enough_to_ship() -> None:
    assert len(TABLE.read_bytes()) < 200_000


def test_every_name_has_facts() -> None:
    for name in knowledge.names():
        facts = knowledge.facts(name)
        assert facts is not None, name
        assert facts.outputs, name


def test_what_was_never_measured_is_not_known() -> None:
    assert knowledge.facts("tf.no_such_function") is None
    assert not knowledge.is_known("mylib.quantize")


def test_a_belief_holds_for_every_argument() -> None:
    facts = knowledge.declared("mylib.quantize", Belief.BLOCKED)
    assert facts.effect(0) is facts.effect("anything") is Effect.NONE
    assert facts.dtype is DTypeClass.SAME


@pytest.mark.tensorflow
@pytest.mark.slow
def test_a_sample_is_measured_again() -> None:
    functions = [name for name in sorted(ROWS) if not name.startswith("tf.raw_ops.")]
    sample = sorted({*functions[::EVERY], *CHOSEN})
    command = [sys.executable, "-m", "tools.knowledge", "--only", *sample]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr[-2000:]
    measured = dict(line.split(" ", 1) for line in ran.stdout.splitlines() if "{" in line)
    # A callable that a busy machine did not get to is not one that differs.
    assert len(measured) > 0.9 * len(sample)
    differing = {
        name: (ROWS[name], found)
        for name, text in measured.items()
        if (found := ast.literal_eval(text)) != ROWS[name]
    }
    assert not differing
