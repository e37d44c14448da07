"""TAP601: custom gradient arity."""

from __future__ import annotations

import pytest
from linted import linted

from tapelint.checks import custom_gradient_arity

PROGRAM = """\
@tf.custom_gradient
def f(x, k):
    def back(u):
        {ret}
    return x * k, back
x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = f(x, tf.constant(3.0))
g = tape.gradient(y, x)
"""


@pytest.mark.parametrize("part", ["return u * k, None"])
def test_what_tensorflow_takes_is_silent(part: str) -> None:
    assert linted(custom_gradient_arity, PROGRAM.replace("{ret}", part)) == []


def test_a_gradient_that_may_be_asked_for_variables_is_not_counted() -> None:
    text = PROGRAM.replace("back(u)", "back(u, variables=None)")
    assert linted(custom_gradient_arity, text.replace("{ret}", "return [u * k, None], []")) == []


METHOD = """\
class Scale:
    @tf.custom_gradient
    def f(self, x):
        def back(u):
            {ret}
        return x * 2.0, back
x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = Scale().f(x)
g = tape.gradient(y, x)
"""


@pytest.mark.parametrize("part", ["return [u * k, None]", "return list((u * k, None))"])
def test_a_list_is_counted(part: str) -> None:
    assert linted(custom_gradient_arity, PROGRAM.replace("{ret}", part)) == []


def test_a_method_gives_no_gradient_for_self() -> None:
    assert linted(custom_gradient_arity, METHOD.replace("{ret}", "return u * 2.0")) == []


def test_a_method_that_gives_one_for_self_is_named() -> None:
    text = METHOD.replace("{ret}", "return None, u * 2.0")
    (finding,) = linted(custom_gradient_arity, text)
    assert finding.message.endswith("gives 2 gradients for 1 arguments, which raises")


@pytest.mark.parametrize("part", ["return u * k"])
def test_what_it_does_not_is_named(part: str) -> None:
    (finding,) = linted(custom_gradient_arity, PROGRAM.replace("{ret}", part))
    assert finding.message.endswith("gives 1 gradients for 2 arguments, which raises")
