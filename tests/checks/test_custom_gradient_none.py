"""TAP603: custom gradient none."""

from __future__ import annotations

import pytest
from linted import linted

from tapelint.checks import custom_gradient_none

PROGRAM = """\
@tf.custom_gradient
def f(x, mask):
    def back(u):
        return {ret}
    return x * x * mask, back
x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = f(x, tf.constant(1.0))
g = tape.gradient(y, x)
"""


@pytest.mark.parametrize("part", ["u * 2.0 * x, None"])
def test_what_tensorflow_takes_is_silent(part: str) -> None:
    assert linted(custom_gradient_none, PROGRAM.replace("{ret}", part)) == []


def test_a_gradient_that_other_code_applies_is_not_ignored() -> None:
    program = PROGRAM.replace(
        "return {ret}", "table.apply(u)\n        return tf.zeros_like(x), None"
    )
    assert linted(custom_gradient_none, program) == []


@pytest.mark.parametrize("part", ["None, None", "2.0 * x, None"])
def test_what_it_does_not_is_named(part: str) -> None:
    (finding,) = linted(custom_gradient_none, PROGRAM.replace("{ret}", part))
    assert "the custom gradient of `f` " in finding.message


def test_a_gradient_function_that_ends_without_return() -> None:
    program = PROGRAM.replace("return {ret}", "u * x").replace("(x, mask)", "(x)")
    program = program.replace(" * mask", "").replace(", tf.constant(1.0)", "")
    (finding,) = linted(custom_gradient_none, program)
    assert "gives None for it" in finding.message
