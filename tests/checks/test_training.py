"""What is said of the gradients that Keras asks for in `fit` and its kin."""

from __future__ import annotations

import pytest
from linted import linted

from tapelint.checks import (
    hard_threshold,
    metric_as_loss,
    non_differentiable_op,
    numpy_in_tape,
    python_value_in_tape,
    stopped_gradient,
    unconnected_source,
)

DATA = "import numpy as np\nx, y = np.ones((4, 3), 'float32'), np.ones((4, 1), 'float32')\n"
MODEL = "model = tf.keras.Sequential([tf.keras.layers.Dense(1, name='d')])\n"
CHECKS = (
    hard_threshold, metric_as_loss, non_differentiable_op, numpy_in_tape, python_value_in_tape,
    stopped_gradient, unconnected_source,
)  # fmt: skip


def trained(loss: str, options: str = "", fit: str = "model.fit(x, y)") -> str:
    """Return a program that trains with a loss: an expression of `t` and `p`."""
    return (
        f"{DATA}def loss(t, p):\n    return {loss}\n{MODEL}"
        f"model.compile('sgd', loss=loss{options})\n{fit}\n"
    )


def said(text: str) -> list[str]:
    """Return the messages of all checks that speak of a loss."""
    return [finding.message for check in CHECKS for finding in linted(check, text)]


@pytest.mark.parametrize(
    "text",
    [
        trained("tf.reduce_mean(tf.square(t - p))"),
        trained("tf.reduce_mean(tf.round(p))", fit="model.evaluate(x, y)"),
        trained("tf.reduce_mean(tf.round(p))", fit=""),
        trained("tf.reduce_mean(tf.round(t) - p)"),
        trained("p * tf.stop_gradient(tf.cast(p > 0.5, tf.float32))"),
        trained("unknown(p)"),
        # Not finished yet.
        trained("None"),
        # Another library's.
        (
            f"{DATA}from sklearn.svm import SVC\ndef loss(t, p):\n    return tf.round(p)\n"
            "model = SVC()\nmodel.compile('sgd', loss=loss)\nmodel.fit(x, y)\n"
        ),
        # A model of which nothing is known may have losses of its own.
        (
            f"{DATA}def loss(t, p):\n    return tf.round(p)\n"
            "def train(model):\n    model.compile('sgd', loss=loss)\n    model.fit(x, y)\n"
        ),
        # Only a part is held, and on purpose.
        (
            f"{DATA}class Net(tf.keras.Model):\n"
            "    def __init__(self):\n        super().__init__()\n"
            "        self.a, self.b = tf.keras.layers.Dense(2), tf.keras.layers.Dense(1)\n"
            "    def call(self, x):\n        return self.b(tf.stop_gradient(self.a(x)))\n"
            "net = Net()\nnet.compile('sgd', 'mse')\nnet.fit(x, y)\n"
        ),
        # A loss of KerasTensors was written for Keras 2.
        (
            f"{DATA}a = tf.keras.Input((3,))\nb = tf.keras.layers.Dense(3)(a)\n"
            "model = tf.keras.Model(a, b)\n"
            "model.add_loss(tf.reduce_mean(tf.keras.losses.mse(a, b)))\n"
            "model.compile('sgd')\nmodel.fit(x)\n"
        ),
        (
            f"{DATA}a = tf.keras.Input((3,))\nb = tf.keras.layers.Dense(3)(a)\n"
            "class Side(tf.keras.layers.Layer):\n    def call(self, x):\n"
            "        self.add_loss(tf.keras.ops.mean(x) - tf.keras.ops.mean(b))\n        return a\n"
            "model = tf.keras.Model(a, Side()(b))\nmodel.compile('sgd')\nmodel.fit(x)\n"
        ),
        # An experiment knows which loss it is about.
        (
            f"{DATA}from tensorboard.plugins.hparams import api as hp\n"
            f"LOSS = hp.HParam('loss', hp.Discrete(['mse', 'mae']))\n{MODEL}"
            "for loss in LOSS.domain.values:\n"
            "    model.compile('sgd', loss=loss)\n    model.fit(x, y)\n"
        ),
    ],
)
def test_what_trains_is_left_alone(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            trained("tf.reduce_mean(tf.cast(p > 0.5, tf.float32))"),
            "`fit` gets no gradient for any variable: `p > 0.5` is a hard step",
        ),
        (
            trained("tf.reduce_mean(tf.round(p))", fit="model.train_on_batch(x, y)"),
            "`train_on_batch` gets no gradient for any variable: `tf.round` has none",
        ),
        (
            trained("tf.reduce_mean(t - t)"),
            "`fit` gets no gradient for any variable: the loss is made without the model",
        ),
        (
            trained("tf.reduce_mean(tf.stop_gradient(p) - t)"),
            "`fit` gets no gradient for any variable: stopped here by `tf.stop_gradient`",
        ),
        (trained("np.mean((t - p) ** 2)"), "`fit` raises in its graph: cut here by `np.mean`"),
        (
            trained("np.mean((t - p) ** 2)", ", run_eagerly=True"),
            "`fit` gets no gradient for any variable: cut here by `np.mean`",
        ),
        (
            trained("t - p.numpy()"),
            "`fit` raises in its graph: `.numpy()` made a Python value of it",
        ),
        (
            f"{DATA}{MODEL}model.compile('sgd', tf.keras.metrics.AUC())\nmodel.fit(x, y)\n",
            "`fit` gets no gradient for any variable: `keras.metrics.AUC` is a metric",
        ),
        (
            trained("tf.reduce_mean(tf.sign(p))"),
            "`fit` gets only zeros for any variable: `tf.sign` is flat",
        ),
        # Nothing calls the function.
        (
            (
                f"{DATA}def loss(t, p):\n    return tf.round(p)\n"
                f"def main():\n    {MODEL}    model.compile('sgd', loss)\n    model.fit(x, y)\n"
            ),
            "`fit` gets no gradient for any variable: `tf.round` has none",
        ),
        # A part of the model, which is only warned of.
        (
            (
                f"{DATA}class Net(tf.keras.Model):\n"
                "    def __init__(self):\n        super().__init__()\n"
                "        self.a = tf.keras.layers.Dense(2, use_bias=False, name='a')\n"
                "        self.b = tf.keras.layers.Dense(1)\n"
                "    def call(self, x):\n        return self.b(tf.round(self.a(x)))\n"
                "net = Net()\nnet.compile('sgd', 'mse')\nnet.fit(x, y)\n"
            ),
            "`fit` gets no gradient for `a/kernel`: `tf.round` has none",
        ),
    ],
)
def test_what_does_not_train_is_said(text: str, message: str) -> None:
    assert said(text) == [message]


def test_the_chain_ends_with_what_keras_does() -> None:
    (finding,) = linted(non_differentiable_op, trained("tf.reduce_mean(tf.round(p))"))
    assert finding.steps[-1].message == '`fit` raises: "No gradients provided for any variable"'
    assert (finding.span.line, finding.confidence.value) == (5, "certain")
