"""What the README says is not found, is not found: when it is, the README has to say so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tapelint import cli

README = Path(__file__).parents[2] / "README.md"
FIT = """\
import tensorflow as tf


def loss(target, predicted):
    return tf.reduce_mean(tf.round(predicted - target))


def train(model):
    model.compile(optimizer="sgd", loss=loss)
    model.fit(tf.ones((4, 3)), tf.ones((4, 1)))
"""
GRAPH = """\
import tensorflow as tf  # for: tf.GradientTape

with tf.Graph().as_default():
    x = tf.compat.v1.placeholder(tf.float32)
    slope = tf.gradients(tf.round(x), x)
"""
NAN = """
import tensorflow as tf

layer = tf.keras.layers.Dense(1)
for batch in tf.data.TFRecordDataset("rows").batch(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sqrt(layer(batch)))
    layer.kernel.assign_sub(tape.gradient(loss, layer.kernel))
"""
PARTIAL = """\
import tensorflow as tf

x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = x * float(x)
slope = tape.gradient(y, x)
"""
OUTSIDE = """\
import tensorflow as tf


def slope(x):
    with tf.GradientTape() as tape:
        y = x * x
    return tape.gradient(y, x)
"""
THIRD_TURN = """\
import numpy as np
import tensorflow as tf

x = tf.Variable(2.0)
for turn in range(100):
    with tf.GradientTape() as tape:
        y = x * x if turn < 2 else tf.constant(np.square(x))
    slope = tape.gradient(y, x)
"""
STATED = {
    "a model that comes from elsewhere": FIT,
    "nor is `tf.gradients`": GRAPH,
    "zeros in the data are not seen": NAN,
    "one of several paths is cut": PARTIAL,
    "a function that nothing calls": OUTSIDE,
    "in the third turn only is missed": THIRD_TURN,
}


@pytest.mark.parametrize("words", STATED)
def test_what_is_stated_as_a_limit_is_one(
    words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in README.read_text(encoding="utf-8")
    path = tmp_path / "limit.py"
    path.write_text(STATED[words], encoding="utf-8")
    cli.main(["--isolated", "--output-format", "json", str(path)])
    assert json.loads(capsys.readouterr().out)["findings"] == []


def test_notebooks_are_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Notebooks are not read" in README.read_text(encoding="utf-8")
    (tmp_path / "train.ipynb").write_text('{"cells": ["GradientTape"]}', encoding="utf-8")
    assert cli.main(["--isolated", "--show-files", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""
