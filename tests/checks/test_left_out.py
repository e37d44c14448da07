"""A term that a known condition leaves out is meant to be, where the program expects None."""

from __future__ import annotations

import pytest
from linted import linted

from tapelint.checks import filtered_none, unconnected_source

HEAD = """\
import tensorflow as tf
USES_SECOND = False
WEIGHTS = {"first": 1.0, "second": 0.0}
v, w = tf.Variable(1.0), tf.Variable(2.0)
with tf.GradientTape() as tape:
    terms = {"first": v * 2.0, "second": w * 3.0}
"""
ASKED = "gradients = tape.gradient(loss, [v, w])\n"
FILTERED = "kept = [g for g in gradients if g is not None]\n"
LEFT_OUT = {
    "if": "    loss = terms['first']\n    if USES_SECOND:\n        loss += terms['second']\n",
    "conditional": "    loss = v * 2.0 + (w * 3.0 if USES_SECOND else 0.0)\n",
    "comprehension": "    loss = sum(x * terms[k] for k, x in WEIGHTS.items() if x)\n",
}


def codes(program: str) -> list[str]:
    """Return the codes found by the two rules that may speak of a source that is not used."""
    found = [*linted(unconnected_source, program), *linted(filtered_none, program)]
    return [finding.code for finding in found]


@pytest.mark.parametrize("loss", LEFT_OUT.values(), ids=LEFT_OUT)
def test_a_source_of_a_term_that_is_left_out_is_silent_where_none_is_expected(loss: str) -> None:
    assert codes(HEAD + loss + ASKED + FILTERED) == []


@pytest.mark.parametrize("loss", LEFT_OUT.values(), ids=LEFT_OUT)
def test_it_is_told_where_nobody_expects_none(loss: str) -> None:
    assert codes(HEAD + loss + ASKED) == ["TAP108"]


def test_what_an_object_holds_may_be_left_out() -> None:
    program = """\
import tensorflow as tf
class Model:
    def __init__(self, uses_second):
        self.uses_second, self.v, self.w = uses_second, tf.Variable(1.0), tf.Variable(2.0)
    def loss(self):
        return self.v * 2.0 + (self.w if self.uses_second else 0.0)
model = Model(False)
with tf.GradientTape() as tape:
    loss = model.loss()
gradients = tape.gradient(loss, [model.v, model.w])
"""
    assert codes(program) == ["TAP108"]
    assert codes(program + FILTERED) == []


def test_a_source_that_is_in_no_term_left_out_is_told() -> None:
    loss = "    loss = v * 2.0\n    if USES_SECOND:\n        loss += 1.0\n"

    assert "TAP108" in codes(HEAD + loss + ASKED + FILTERED)


def test_what_is_left_out_outside_the_tape_excuses_nothing() -> None:
    loss = "    loss, second = v * 2.0, w * 3.0\nif USES_SECOND:\n    print(second)\n"

    assert "TAP108" in codes(HEAD + loss + ASKED + FILTERED)


HEADS = """\
import tensorflow as tf
v, w = tf.Variable(1.0), tf.Variable(2.0)
WEIGHTS = {"depth": 1.0, "normals": 0.5}
targets = {"depth": tf.constant(3.0)}
with tf.GradientTape() as tape:
    heads = {"depth": v * 2.0, "normals": w * 3.0}
    loss = tf.add_n([WEIGHTS[k] * (heads[k] - y) ** 2 for k, y in targets.items()])
"""


def test_the_head_that_no_target_asks_for_is_silent_where_none_is_expected() -> None:
    assert codes(HEADS + ASKED) == ["TAP108"]
    assert codes(HEADS + ASKED + FILTERED) == []
