"""TAP703: a row of numbers meets a column in a loss."""

from __future__ import annotations

import pytest
from linted import linted

from tapelint.checks import loss_broadcast
from tapelint.model import Confidence, Role

HEAD = """\
import numpy as np
from tensorflow import keras

x = tf.random.normal((100, 3))
row = tf.random.normal([100])
column = tf.random.normal([100, 1])
fractions = tf.constant([0.1, 0.5, 0.9])
centres = tf.Variable(tf.random.normal([100]))
weights = tf.Variable(tf.ones((3, 1)))
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
actions = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
chosen = np.random.default_rng(0).integers(0, 4, 100)
def picked():
    return tf.gather(actions(x), chosen, axis=1, batch_dims=1)
def best(keepdims):
    return tf.reduce_max(other(x), axis=1, keepdims=keepdims)
def errors():
    return tf.reduce_mean(tf.square(column - model(x)), axis=-1)
rng = np.random.default_rng(0)
states = rng.normal(size=(64, 3)).astype("float32")
values = (3.0 * states[:, 0]).astype("float32")
drawn = rng.choice(len(values), 32, replace=False)
given = np.random.default_rng(0).uniform(-1.0, 1.0, (100, 1)).astype("float32")
"""


def of(loss: str) -> str:
    """Return a program that differentiates a loss."""
    return (
        f"{HEAD}with tf.GradientTape() as tape:\n    loss = {loss}\n"
        "sources = [*model.trainable_variables, *actions.trainable_variables, centres, weights]\n"
        "g = tape.gradient(loss, sources)\n"
    )


@pytest.mark.parametrize(
    "loss",
    [
        "tf.reduce_mean(tf.square(row - model(x)[:, 0]))",
        "tf.reduce_mean(tf.square(row - tf.squeeze(model(x), -1)))",
        "tf.reduce_mean(tf.square(row - tf.squeeze(model(x))))",
        "tf.reduce_mean(tf.square(row - tf.reshape(model(x), [-1])))",
        "tf.reduce_mean(tf.square(row - tf.reduce_sum(model(x), axis=1)))",
        "tf.reduce_mean(tf.square(column - model(x)))",
        "tf.reduce_mean(tf.square(row[:, None] - model(x)))",
        "tf.reduce_mean(tf.square(tf.expand_dims(row, 1) - model(x)))",
        # What is to be learned, from another network.
        "tf.reduce_mean(tf.square(row + best(False) - picked()))",
        "tf.reduce_mean(tf.where(row > 0.0, 1.9, 0.1) * errors())",
        # A batch that is drawn.
        "tf.reduce_mean(tf.square(values[drawn, None] - model(states[drawn])))",
        "tf.reduce_mean(tf.square(values[drawn] - model(states[drawn])[:, 0]))",
        "tf.reduce_mean(tf.square(states[drawn, :1] - model(states[drawn])))",
        "tf.reduce_mean(tf.square(values[drawn][:1] - model(states[drawn])))",
        "tf.reduce_mean(tf.square(values[values > 0.0] - model(states[drawn])))",
    ],
)
def test_the_same_shape_on_both_sides_is_fine(loss: str) -> None:
    assert linted(loss_broadcast, of(loss)) == []


@pytest.mark.parametrize(
    "loss",
    [
        "keras.losses.MeanSquaredError()(row, model(x))",
        "tf.reduce_mean(tf.keras.losses.mean_absolute_error(row, model(x)))",
    ],
)
def test_a_loss_of_keras_aligns_them(loss: str) -> None:
    assert linted(loss_broadcast, of(loss)) == []


@pytest.mark.parametrize(
    "loss",
    [
        # An axis that is put in on purpose.
        "tf.reduce_mean(tf.square(tf.reshape(model(x), [-1, 1]) - row))",
        "tf.reduce_mean(tf.square(tf.expand_dims(model(x)[:, 0], 1) - row))",
        "tf.reduce_mean(tf.abs(model(x)[:, 0][:, None] - row))",
        "tf.reduce_mean(tf.abs(model(x)[:, 0][:, tf.newaxis] - row))",
        "tf.reduce_mean(tf.square((row[:, None] + 1.0) * 2.0 - tf.reduce_sum(model(x), axis=1)))",
        # A few numbers against all: quantiles, atoms of a distribution.
        "tf.reduce_mean(tf.maximum(fractions * (column - model(x)), 0.0))",
        # All predictions against each other.
        "tf.reduce_mean(tf.square(model(x) - tf.transpose(model(x))))",
        "tf.reduce_mean(tf.square(model(x) - tf.squeeze(model(x))))",
        # Both are learned: centres of clusters.
        "tf.reduce_mean(tf.square(model(x) - centres))",
        # Neither is.
        "tf.reduce_mean(tf.square(row - column)) + tf.reduce_mean(model(x))",
        # A kernel, the nearest of all, or no average: the pairs are what is wanted.
        "tf.reduce_mean(tf.exp(-tf.square(model(x) - row)))",
        "tf.reduce_mean(tf.reduce_min(tf.square(model(x) - row), axis=1))",
        "tf.linalg.logdet(model(x) - row)",
        # One number.
        "tf.reduce_mean(tf.square(model(x) - row[:1]))",
        "tf.reduce_mean(tf.square(model(x) - tf.reduce_mean(row)))",
    ],
)
def test_pairs_that_may_be_meant_are_fine(loss: str) -> None:
    assert linted(loss_broadcast, of(loss)) == []


OPEN = {
    "a parameter": "def f(y, x):\n    with tf.GradientTape() as t:\n"
    "        loss = tf.reduce_mean(tf.square(y - model(x)))\n"
    "    return t.gradient(loss, model.trainable_variables)\n",
    "a function that is given to compile": "def own(y_true, y_pred):\n"
    "    return tf.reduce_mean(tf.square(y_true - y_pred))\n"
    "model.compile('sgd', loss=own)\nmodel.fit(np.ones((8, 3)), np.ones(8))\n",
    "labels of a data set in a column": "data = tf.data.Dataset.from_tensor_slices((x, column))\n"
    "for a, b in data.batch(10):\n    with tf.GradientTape() as t:\n"
    "        loss = tf.reduce_mean(tf.square(b - model(a)))\n"
    "    t.gradient(loss, model.trainable_variables)\n",
    "weights of the few numbers of a grid": "def f(a, n):\n    grid = tf.linspace(0.0, 1.0, n)\n"
    "    with tf.GradientTape() as t:\n"
    "        loss = tf.reduce_mean(tf.square(model(a) - grid))\n"
    "    return t.gradient(loss, model.trainable_variables)\n",
}


@pytest.mark.parametrize("program", OPEN.values(), ids=OPEN)
def test_what_is_not_known_is_fine(program: str) -> None:
    assert linted(loss_broadcast, HEAD + program) == []


@pytest.mark.parametrize(
    "loss",
    [
        "tf.reduce_mean(tf.square(row - model(x)))",
        "tf.reduce_mean((model(x) - row) ** 2)",
        "tf.reduce_sum(tf.abs(row - model(x))) / 100.0",
        "tf.reduce_mean(tf.math.squared_difference(row, model(x)))",
        "tf.reduce_mean(tf.reduce_mean(tf.square(row - model(x)), axis=-1))",
        "tf.nn.l2_loss(row - model(x))",
        "tf.reduce_mean(tf.squeeze(model(x)) * column)",
        "tf.reduce_mean(tf.square(tf.squeeze(model(x)) - column))",
        "tf.reduce_mean(tf.square(tf.cast(row, tf.float32) - tf.nn.sigmoid(model(x))))",
        "tf.reduce_mean(tf.square(3.0 * tf.reduce_sum(x, axis=1) - model(x)))",
        "tf.reduce_mean(tf.square(row - tf.matmul(x, weights)))",
        "keras.ops.mean(keras.ops.square(keras.ops.subtract(row, model(x))))",
        "tf.reduce_mean(row * model(x))",
        # What is to be learned, from another network: an axis was put in to fit a column.
        "tf.reduce_mean(tf.square(row[:, None] + best(True) - tf.squeeze(model(x), -1)))",
        "tf.reduce_mean(tf.square(column + other(x) - picked()))",
        "tf.reduce_mean(np.where(given > 0.0, 1.9, 0.1) * errors())",
    ],
)
def test_a_row_against_a_column_is_named_with_its_shapes(loss: str) -> None:
    (finding,) = linted(loss_broadcast, of(loss))
    assert finding.message.endswith("give (100, 100)")
    assert finding.confidence is Confidence.LIKELY
    assert [s.role for s in finding.steps if s.role is not Role.STEP] == [Role.BREAK, Role.TAPE]


@pytest.mark.parametrize(
    "loss",
    [
        "tf.reduce_mean(tf.square(values[drawn] - model(states[drawn])))",
        "tf.reduce_mean(tf.square(tf.constant(values[drawn]) - model(tf.constant(states[drawn]))))",
        "tf.reduce_mean(tf.square(states[drawn, 0] - model(states[drawn])))",
        "tf.reduce_mean(tf.square(values[:32] - model(states[32:])))",
        "tf.reduce_mean(tf.square(values[rng.permutation(64)[:32]] - model(states[drawn])))",
        "tf.reduce_mean(tf.square(rng.normal(states[drawn, 0], 0.1) - model(states[drawn])))",
    ],
)
def test_a_row_that_is_drawn_has_the_shape_of_what_it_is_drawn_with(loss: str) -> None:
    (finding,) = linted(loss_broadcast, of(loss))
    assert finding.message.endswith("give (32, 32)")


BATCHES = {
    "a data set": "data = tf.data.Dataset.from_tensor_slices((x, row))\n"
    "for a, b in data.shuffle(9).batch(10):\n    with tf.GradientTape() as t:\n"
    "        loss = tf.reduce_mean(tf.square(b - model(a)))\n"
    "    t.gradient(loss, model.trainable_variables)\n",
    "a data set that is mapped": "data = tf.data.Dataset.from_tensor_slices((x, row))\n"
    "data = data.batch(10).map(lambda a, b: (a / 2.0, b / 2.0)).prefetch(1)\n"
    "for a, b in data:\n    with tf.GradientTape() as t:\n"
    "        loss = tf.reduce_mean(tf.square(b - model(a)))\n"
    "    t.gradient(loss, model.trainable_variables)\n",
    "layers of whose input nothing is known": "class Net(keras.Model):\n"
    "    def __init__(self):\n        super().__init__()\n"
    "        self.last = keras.layers.Dense(1)\n"
    "    def call(self, a):\n        return tf.nn.relu(self.last(a))\n"
    "from elsewhere import encode\nnet = Net()\n"
    "for a, b in tf.data.Dataset.from_tensor_slices((x, row)).batch(10):\n"
    "    with tf.GradientTape() as t:\n"
    "        loss = tf.reduce_mean(tf.square(b - net(encode(a))))\n"
    "    t.gradient(loss, net.trainable_variables)\n",
    "a loss class of the project": "class Own(keras.losses.Loss):\n"
    "    def call(self, y_true, y_pred):\n"
    "        return tf.reduce_mean(tf.square(y_true - y_pred), axis=-1)\n"
    "model.compile('sgd', loss=Own())\nmodel.fit(np.ones((8, 3)), np.ones(8))\n",
    "labels that a loss function flattens": "def own(y_true, y_pred):\n"
    "    return tf.reduce_mean(tf.square(tf.reshape(y_true, [-1]) - y_pred))\n"
    "model.compile('sgd', loss=own)\nmodel.fit(np.ones((8, 3)), np.ones(8))\n",
}


@pytest.mark.parametrize("program", BATCHES.values(), ids=BATCHES)
def test_of_a_batch_the_number_is_open(program: str) -> None:
    (finding,) = linted(loss_broadcast, HEAD + program)
    assert finding.message.endswith("give (n, n)")
