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


OF_KERAS = """\
import keras
{variable}
@tf.custom_gradient
def scaled(x, factor):
    def back({parameters}):
        return {result}
    return {value}, back
x = tf.constant(3.0)
{decorator}
def forward():
    return scaled(x, {given})
with tf.GradientTape() as tape:
    y = forward()
g = tape.gradient(y, w)
"""
READ = {
    "variable": "w = keras.Variable(2.0)",
    "parameters": "up",
    "result": "up * factor, up * x",
    "value": "x * factor",
    "decorator": "",
    "given": "w",
}


@pytest.mark.parametrize(
    "part",
    [
        {"variable": "w = tf.Variable(2.0)"},
        {"variable": "w = keras.Variable(2.0, trainable=False)"},
        {"given": "tf.convert_to_tensor(w)"},
        {"given": "w * 1.0"},
        {"given": "w.value"},
        {"value": "x * 2.0"},
        # A graph reads its arguments before.
        {"decorator": "@tf.function"},
        {"parameters": "up, variables=None", "result": "(up * factor, None), [up * x]"},
    ],
)
def test_an_argument_that_is_read_before_is_silent(part: dict[str, str]) -> None:
    assert linted(custom_gradient_variables, OF_KERAS.format(**{**READ, **part})) == []


@pytest.mark.parametrize("value", ["x * factor", "x * tf.convert_to_tensor(factor)"])
def test_a_weight_of_keras_is_read_inside_although_it_is_an_argument(value: str) -> None:
    (finding,) = linted(custom_gradient_variables, OF_KERAS.format(**{**READ, "value": value}))
    assert [step.span.line for step in finding.steps] == [6, 12]


LAYER = """\
import keras
@tf.custom_gradient
def clipped(x, top):
    def back(up):
        return up, tf.reduce_sum(up)
    return tf.minimum(x, top), back
class Clip(keras.layers.Layer):
    def build(self, shape):
        self.top = self.add_weight(shape=(), initializer="ones")
    def call(self, x):
        return clipped(x, self.top)
model = keras.Sequential([keras.layers.Dense(3), Clip()])
"""
TRAINED = {
    "fit": 'model.compile("sgd", "mse")\nmodel.fit(tf.ones((4, 2)), tf.ones((4, 3)))\n',
    "nobody": "def step(x):\n    with tf.GradientTape() as tape:\n        y = model(x)\n"
    "    return tape.gradient(y, model.trainable_variables)\n",
}


@pytest.mark.parametrize("how", TRAINED)
def test_a_layer_that_may_be_run_as_a_graph_is_silent(how: str) -> None:
    assert linted(custom_gradient_variables, LAYER + TRAINED[how]) == []


def test_a_layer_that_is_called_is_found() -> None:
    program = LAYER + TRAINED["nobody"] + "step(tf.ones((4, 2)))\n"
    (finding,) = linted(custom_gradient_variables, program)
    assert "reads `self.top` and raises" in finding.steps[-1].message
