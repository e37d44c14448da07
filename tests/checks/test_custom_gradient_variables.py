"""TAP602: custom gradient variables."""

from __future__ import annotations

import pytest
from linted import linted

from tapelint.checks import custom_gradient_variables

PROGRAM = """\
w = tf.Variable(3.0)
@tf.custom_gradient
def f(x):
    def back({ret}):
        return u * w, [u * x]
    return x * w, back
x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = f(x)
g = tape.gradient(y, x)
"""


@pytest.mark.parametrize("part", ["u, variables=None"])
def test_what_tensorflow_takes_is_silent(part: str) -> None:
    assert linted(custom_gradient_variables, PROGRAM.replace("{ret}", part)) == []


@pytest.mark.parametrize("part", ["u"])
def test_what_it_does_not_is_named(part: str) -> None:
    (finding,) = linted(custom_gradient_variables, PROGRAM.replace("{ret}", part))
    assert finding.message.endswith("takes no `variables`: calling it raises")


def test_a_tensor_made_of_a_variable_is_no_variable() -> None:
    program = """\
v, w = tf.Variable(2.0), tf.Variable(4.0)
with tf.GradientTape() as tape:
    s = v * 2.0
    @tf.custom_gradient
    def f(x):
        def grad(up):
            return up * s
        return x * s, grad
    y = f(w)
g = tape.gradient(y, w)
"""
    assert linted(custom_gradient_variables, program) == []
