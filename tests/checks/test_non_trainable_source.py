"""TAP102: variables made with `trainable=False`."""

from __future__ import annotations

import pytest
from linted import linted
from story import Story, lost_to

from tapelint.analysis.observations import Cause, RequestMisused
from tapelint.checks import non_trainable_source
from tapelint.model import Finding


def find(sources: str, cause: Cause = Cause.NOT_TRAINABLE, label: str = "scale") -> list[Finding]:
    story = Story(
        "v = tf.Variable(2.0, trainable=False)\n"
        "with tf.GradientTape() as tape:\n    y = v**2\n"
        f"tape.gradient(y, {sources})\n"
    )
    v = story.variable("tf.Variable(2.0, trainable=False)", label, trainable=False)
    y = story.tensor("v**2", "**", v, label="y")
    asked = story.asked(f"tape.gradient(y, {sources})", y, lost_to(cause, label, v, y), asked=4)
    return list(non_trainable_source.check([asked]))


def test_a_variable_nobody_uses_is_another_rule() -> None:
    assert find("scale", Cause.UNCONNECTED) == []


def test_a_single_variable_is_told_to_be_watched() -> None:
    (finding,) = find("scale")
    assert finding.message == (
        "the gradient of `y` with respect to `scale` is None: made as not trainable"
    )
    assert finding.help == "drop `trainable=False` to train it, or call `tape.watch(scale)`"
    assert finding.steps[0].message == "`scale` is a variable that is not trainable"


@pytest.mark.parametrize("attribute", ["variables", "weights", "non_trainable_variables"])
def test_a_list_of_everything_is_replaced_by_what_is_trainable(attribute: str) -> None:
    (finding,) = find(f"model.{attribute}")
    assert finding.help == "ask for `model.trainable_variables`"


def test_an_empty_list_of_a_frozen_model_is_named() -> None:
    asked = "tape.gradient(y, model.trainable_variables)"
    misused = RequestMisused(Story(asked).at(asked), "frozen sources")
    (finding,) = non_trainable_source.check([misused])
    assert finding.message == (
        "no gradient is computed: `model.trainable_variables` is empty, the model is frozen"
    )
    assert finding.help.startswith("set `trainable = True`")


MODEL = """\
from tensorflow import keras
backbone = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
model = keras.Sequential([keras.Input((2,)), backbone, keras.layers.Dense(1)])
"""


@pytest.mark.parametrize(
    "program",
    [
        "backbone.trainable = False\nmodel.compile('sgd', 'mse')\nmodel.fit(x, y)\n",
        "model.compile('sgd', 'mse')\nmodel.fit(x, y)\nmodel.trainable = False\nmodel.fit(x, y)\n",
        "model.trainable = False\nmodel.compile('sgd', 'mse')\nmodel.evaluate(x, y)\n",
        "model.trainable = frozen\nmodel.compile('sgd', 'mse')\nmodel.fit(x, y)\n",
    ],
)
def test_a_model_that_is_trained_is_silent(program: str) -> None:
    assert linted(non_trainable_source, MODEL + program) == []


@pytest.mark.parametrize(
    ("program", "method"),
    [
        ("model.trainable = False\nmodel.compile('sgd', 'mse')\nmodel.fit(x, y)\n", "fit"),
        (
            "model.compile('sgd', 'mse')\nmodel.trainable = False\nmodel.train_on_batch(x, y)\n",
            "train_on_batch",
        ),
        (
            "model.compile()\nmodel.fit(x, y)\nmodel.trainable = False\nmodel.compile()\nmodel.fit(x, y)\n",
            "fit",
        ),
    ],
)
def test_a_model_that_is_frozen_as_a_whole_trains_nothing(program: str, method: str) -> None:
    (finding,) = linted(non_trainable_source, MODEL + program)

    assert finding.message == f"`{method}` trains nothing: all of the model is frozen"


UNBUILT = """\
import keras
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
    def call(self, x):
        return self.dense(x)
def made(*layers):
    return keras.Sequential(list(layers))
def step(params, x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(net(x) ** 2)
    return tape.gradient(loss, params)
x = tf.ones((2, 3))
net = {net}
{steps}
"""
SEQUENTIAL = "made(keras.layers.Dense(2), keras.layers.Dense(1))"
EARLY = "params = net.trainable_variables\nfor _ in range(3):\n    step(params, x)"


@pytest.mark.parametrize(
    ("net", "steps"),
    [
        (SEQUENTIAL, "net(x)\n" + EARLY),
        (SEQUENTIAL, "net.build((None, 3))\n" + EARLY),
        (SEQUENTIAL, "if not net.built:\n    net.build((None, 3))\n" + EARLY),
        (SEQUENTIAL, "unknown(net)\n" + EARLY),
        (SEQUENTIAL, "net.predict(x)\n" + EARLY),
        (SEQUENTIAL, "for _ in range(3):\n    net(x)\n    step(net.trainable_variables, x)"),
        # The first step alone has nothing to train.
        (SEQUENTIAL, "for _ in range(3):\n    step(net.trainable_variables, x)"),
        (SEQUENTIAL, "params = net.trainable_variables\nnet(x)\nstep(net.trainable_variables, x)"),
        (SEQUENTIAL, "other = made(keras.layers.Dense(1))\nstep(other.trainable_variables, x)"),
        ("made(keras.Input((3,)), keras.layers.Dense(1))", EARLY),
        ("made(keras.layers.Dense(1, input_shape=(3,)))", EARLY),
        ("made(keras.layers.Flatten())", EARLY),
        ("unknown()", EARLY),
        ("Net()", "net(x)\n" + EARLY),
        ("Net()", "net.dense.build((None, 3))\n" + EARLY),
    ],
)
def test_variables_that_are_there_when_they_are_read_are_silent(net: str, steps: str) -> None:
    assert linted(non_trainable_source, UNBUILT.format(net=net, steps=steps)) == []


@pytest.mark.parametrize(
    ("net", "steps"),
    [
        (SEQUENTIAL, EARLY),
        ("Net()", EARLY),
        (SEQUENTIAL, EARLY.replace("trainable_variables", "trainable_weights")),
        (SEQUENTIAL, "params = net.trainable_variables\nnet(x)\nstep(params, x)"),
        (SEQUENTIAL, "step(net.trainable_variables, x)"),
    ],
)
def test_a_list_that_was_read_before_the_model_was_built_is_empty(net: str, steps: str) -> None:
    (finding,) = linted(non_trainable_source, UNBUILT.format(net=net, steps=steps))

    assert finding.message == (
        "no gradient is computed: `params` was read before the model was built"
    )
