"""TAP201 and TAP202: a term of a loss that is a number to the tape, beside one that is not."""

from __future__ import annotations

import pytest
from linted import linted

from tapelint.checks import numpy_in_tape, python_value_in_tape
from tapelint.model import Role

PROGRAM = """\
import numpy as np
v, w = tf.Variable([1.0, 2.0]), tf.Variable([3.0])
given = np.ones(2, 'float32')
{before}
def penalty():
    total = 0.0
    for x in (v, w):
        total += np.linalg.norm(x)
    return total
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(v * w)
    loss = {loss}
g = tape.gradient(loss, {sources})
"""


def said(loss: str, sources: str = "[v, w]", before: str = "pass") -> list[str]:
    """Return what is said of a loss."""
    program = PROGRAM.format(loss=loss, sources=sources, before=before)
    rules = (numpy_in_tape, python_value_in_tape)
    return [finding.message for rule in rules for finding in linted(rule, program)]


@pytest.mark.parametrize(
    ("loss", "sources"),
    [
        ("loss + tf.norm(v)", "[v, w]"),
        ("loss + np.sum(given)", "[v, w]"),
        # On purpose, and said so.
        ("loss + tf.stop_gradient(tf.norm(v))", "[v, w]"),
        # A factor has its effect.
        ("loss * np.sum(v.numpy())", "[v, w]"),
        ("loss / float(tf.norm(v))", "[v, w]"),
        # The gradient of `v` is that of what is rounded.
        ("tf.reduce_sum(v + (np.round(v.numpy()) - v.numpy()))", "v"),
        # Nobody asks for what the term is made of.
        ("loss + np.sum(w.numpy())", "v"),
        ("loss + old", "[v, w]"),
        ("loss + unknown(v, float(tf.norm(v)))", "[v, w]"),
    ],
)
def test_terms_that_act_or_are_not_to_act_are_silent(loss: str, sources: str) -> None:
    assert said(loss, sources, "old = float(tf.norm(v))") == []


@pytest.mark.parametrize(
    ("loss", "made"),
    [
        ("loss + 0.1 * float(tf.norm(v))", "float"),
        ("loss + 0.1 * np.sum(v.numpy() ** 2)", ".numpy()"),
        ("loss + penalty()", "np.linalg.norm"),
        ("tf.reduce_mean(loss - np.linalg.norm(v) * 2.0)", "np.linalg.norm"),
        ("np.linalg.norm(v) + loss", "np.linalg.norm"),
    ],
)
def test_a_term_that_is_a_number_is_found(loss: str, made: str) -> None:
    (message,) = said(loss)
    assert message.startswith(f"`{made}` makes a number of a term of the loss")


def test_the_chain_runs_from_what_is_lost_to_the_request() -> None:
    program = PROGRAM.format(loss="loss + float(tf.norm(v))", sources="[v, w]", before="pass")
    (finding,) = linted(python_value_in_tape, program)
    assert [step.role for step in finding.steps] == [Role.SOURCE, Role.BREAK, Role.TAPE]
