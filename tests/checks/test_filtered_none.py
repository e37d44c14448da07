"""TAP409: a filter for None hides a variable that can never get a gradient."""

from __future__ import annotations

import pytest
from linted import linted

from tapelint.checks import filtered_none
from tapelint.model import Role

HEAD = """\
v, w = tf.Variable(1.0), tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = v * 2.0
gradients = tape.gradient(loss, [v, w])
"""


@pytest.mark.parametrize(
    "program",
    [
        "pairs = list(zip(gradients, [v, w]))\n",
        "kept = [g for g in gradients if g is None]\n",
        "kept = [g for g in gradients[:1] if g is not None]\n",
        "kept = [g for g in gradients if tf.is_tensor(g)]\n",
        "kept = [name for name in ('a', None) if name is not None]\n",
        "for g in gradients:\n    if g is not None:\n        print(g)\n",
    ],
)
def test_what_leaves_no_gradient_out_is_fine(program: str) -> None:
    assert linted(filtered_none, HEAD + program) == []


def test_a_filter_for_what_the_turn_decides_is_fine() -> None:
    program = """\
heads = {"cat": tf.Variable(1.0), "dog": tf.Variable(2.0)}
def step(kind):
    with tf.GradientTape() as tape:
        loss = heads[kind] ** 2
    gradients = tape.gradient(loss, list(heads.values()))
    return [g for g in gradients if g is not None]
for kind in ("cat", "dog"):
    step(kind)
"""
    assert linted(filtered_none, program) == []


def test_a_filter_for_what_is_not_known_is_fine() -> None:
    program = """\
def step(loss_of, weights):
    with tf.GradientTape() as tape:
        loss = loss_of(weights)
    return [g for g in tape.gradient(loss, weights) if g is not None]
"""
    assert linted(filtered_none, program) == []


@pytest.mark.parametrize(
    "program",
    [
        "kept = [g for g in gradients if g is not None]\n",
        "kept = [(g, x) for g, x in zip(gradients, [v, w]) if g is not None]\n",
        "kept = list((g, x) for g, x in zip(gradients, [v, w]) if g != None)\n",
        "kept = {x.name: g for g, x in zip(gradients, [v, w]) if g is not None}\n",
    ],
)
def test_a_filter_that_leaves_out_the_same_each_time_is_named(program: str) -> None:
    (finding,) = linted(filtered_none, HEAD + program)
    assert finding.message.endswith("hides a gradient that is always None")
    assert [step.role for step in finding.steps] == [Role.TAPE, Role.BREAK]
