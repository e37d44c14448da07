"""TAP404: iterators that were walked through before."""

from __future__ import annotations

from linted import linted
from story import update

from tapelint.analysis.observations import Misuse
from tapelint.checks import exhausted_zip

APPLY = "optimizer.apply_gradients(pairs)"


def test_gradients_without_variables_are_another_rule() -> None:
    assert update(exhausted_zip, APPLY, Misuse.UNZIPPED) == []


def test_the_finding_stands_where_nothing_is_left() -> None:
    (finding,) = update(exhausted_zip, APPLY, Misuse.EXHAUSTED)
    assert finding.message == ("`optimizer.apply_gradients` is given an iterator that is used up")
    assert finding.span.line == 2
    assert "`list(...)`" in finding.help


STEP = """\
w, b = tf.Variable(2.0), tf.Variable(1.0)
with tf.GradientTape() as tape:
    y = w * b
clipped = {clipped}
total = sum(float(g) for g in clipped)
for v, g in zip([w, b], clipped):
    v.assign_sub(0.1 * g)
"""
GRADIENTS = "tf.clip_by_norm(g, 1.0) for g in tape.gradient(y, [w, b])"


def test_a_list_of_gradients_can_be_walked_twice() -> None:
    assert linted(exhausted_zip, STEP.replace("{clipped}", f"[{GRADIENTS}]")) == []


def test_a_generator_of_gradients_cannot() -> None:
    (finding,) = linted(exhausted_zip, STEP.replace("{clipped}", f"({GRADIENTS})"))
    assert finding.message == "`zip` is given an iterator that is used up"
