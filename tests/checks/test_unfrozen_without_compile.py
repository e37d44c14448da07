"""TAP112: what was unfrozen after the first step."""

from __future__ import annotations

import pytest
from linted import linted

from tapelint.checks import unfrozen_without_compile

MODEL = """\
from tensorflow import keras
base = keras.layers.Dense(2)
model = keras.Sequential([keras.Input((2,)), base, keras.layers.Dense(1)])
base.trainable = False
model.compile("sgd", "mse")
"""
TWO_STAGES = "model.fit(x, y)\nbase.trainable = True\n"


@pytest.mark.parametrize(
    "program",
    [
        "model.fit(x, y)\nmodel.fit(x, y)\n",
        "model.fit(x, y)\nbase.trainable = False\nmodel.fit(x, y)\n",
        "base.trainable = True\nmodel.fit(x, y)\nbase.trainable = False\nmodel.fit(x, y)\n",
        "model.evaluate(x, y)\nbase.trainable = True\nmodel.fit(x, y)\n",
        f"{TWO_STAGES}model.compile('sgd', 'mse')\nmodel.fit(x, y)\n",
        f"{TWO_STAGES}model.evaluate(x, y)\n",
        f"{TWO_STAGES}model.make_train_function(force=True)\nmodel.fit(x, y)\n",
        "model.fit(x, y)\nif thawed:\n    base.trainable = True\n    compile_again(model)\nmodel.fit(x, y)\n",
        f"{TWO_STAGES}other = keras.Sequential([base])\nother.compile()\nother.fit(x, y)\n",
    ],
)
def test_what_is_trained_is_silent(program: str) -> None:
    assert linted(unfrozen_without_compile, MODEL + program) == []


@pytest.mark.parametrize("method", ["fit", "train_on_batch"])
def test_a_second_stage_without_compile_is_told(method: str) -> None:
    program = f"{MODEL}{TWO_STAGES}model.{method}(x, y)\n"

    (finding,) = linted(unfrozen_without_compile, program)

    assert finding.message == f"`{method}` does not train what was unfrozen since the first step"
    assert [step.span.line for step in finding.steps] == [7, 9]


def test_a_train_step_of_the_projects_own_is_cached_as_well() -> None:
    program = """\
from tensorflow import keras
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.base, self.head = keras.layers.Dense(2), keras.layers.Dense(1)
    def call(self, x):
        return self.head(self.base(x))
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self(x) - y) ** 2)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {"loss": loss}
model = Net()
model(tf.ones((1, 2)))
model.base.trainable = False
model.compile("sgd")
model.fit(x, y)
model.base.trainable = True
model.fit(x, y)
"""
    assert [f.span.line for f in linted(unfrozen_without_compile, program)] == [22]
