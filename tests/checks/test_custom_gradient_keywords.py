"""TAP604: custom gradient keywords."""

from __future__ import annotations

import pytest
from linted import linted

from tapelint.checks import custom_gradient_keywords

PROGRAM = """\
@tf.custom_gradient
def f(x):
    return x * 1.0, lambda u: u
def g(x):
    @tf.custom_gradient
    def inner(x):
        def back(u):
            return u
        return x * 1.0, back
    return inner({ret})
x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = g(x)
d = tape.gradient(y, x)
"""


@pytest.mark.parametrize("part", ["x"])
def test_what_tensorflow_takes_is_silent(part: str) -> None:
    assert linted(custom_gradient_keywords, PROGRAM.replace("{ret}", part)) == []


@pytest.mark.parametrize("part", ["x=x"])
def test_what_it_does_not_is_named(part: str) -> None:
    (finding,) = linted(custom_gradient_keywords, PROGRAM.replace("{ret}", part))
    assert finding.message.endswith("TensorFlow ignores its custom gradient")
