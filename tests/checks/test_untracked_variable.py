"""TAP110: what Keras 3.15 tracks, and what it only uses."""

from __future__ import annotations

import pytest
from linted import linted

from tapelint.checks import untracked_variable

PROGRAM = """\
import keras
class Net(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.head = keras.layers.Dense(1)
        {make}
    def call(self, x):
        return self.head(x) * {use}
net = Net()
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(net(tf.ones([1, 2])))
{after}
"""
ASK = "g = tape.gradient(loss, net.trainable_variables)"


def said(make: str, use: str = "self.factor", after: str = ASK) -> list[str]:
    """Return what is said of a layer and of how it is trained."""
    program = PROGRAM.format(make=make, use=use, after=after)
    return [f.message for f in linted(untracked_variable, program)]


@pytest.mark.parametrize(
    ("make", "use"),
    [
        ("self.factor = self.add_weight(shape=())", "self.factor"),
        ("self.factor = keras.Variable(2.0)", "self.factor"),
        ("self.factor = [keras.Variable(2.0)]", "self.factor[0]"),
        ("self.factor = {'a': keras.Variable(2.0)}", "self.factor['a']"),
        ("self.factor = tf.Variable(2.0, trainable=False)", "self.factor"),
        ("self.factor = tf.Variable(2)", "tf.cast(self.factor, tf.float32)"),
        ("self.factor = tf.Variable(2.0)", "tf.stop_gradient(self.factor)"),
        ("self.factor = tf.Variable(2.0)", "2.0"),
        ("self.factor = tf.Variable(2.0)", "float(self.factor)"),
        ("self.factor = unknown(2.0)", "self.factor"),
        ("self.factor, self.trainable = tf.Variable(2.0), False", "self.factor"),
        ("self.inner = [keras.layers.Dense(1)]", "self.inner[0](x)"),
        ("self.inner = {'a': [keras.layers.Dense(1)]}", "self.inner['a'][0](x)"),
        ("pass", "keras.layers.Dropout(0.1)(x)"),
        ("pass", "keras.layers.Concatenate()([x, x])"),
    ],
)
def test_what_is_tracked_or_not_to_be_trained_is_silent(make: str, use: str) -> None:
    assert said(make, use) == []


@pytest.mark.parametrize(
    "after",
    [
        "g = tape.gradient(loss, [*net.trainable_variables, net.factor])",
        "g, h = tape.gradient(loss, (net.trainable_variables, net.factor))",
        "g = tape.gradient(loss, net.trainable_variables + [net.factor])",
        "g = tape.gradient(loss, net.head.trainable_variables)",
        "g = tape.gradient(loss, tape.watched_variables())",
        "g = tape.gradient(loss, unknown(net))",
        f"net.factor.assign(1.0)\n{ASK}",
        f"{ASK}\nnet.factor.assign_sub(0.1)",
        (
            f"{ASK}\nclass Anneal(keras.callbacks.Callback):\n    def on_epoch_end(self, epoch, logs):\n"
            "        self.model.factor.assign(epoch)"
        ),
        f"def set_it(x):\n    keras.backend.set_value(net.factor, x)\n{ASK}",
        (
            f"{ASK}\nwith tf.GradientTape() as tape:\n    loss = net(tf.ones([1, 2]))\n"
            "h = tape.gradient(loss, net.factor)"
        ),
    ],
)
def test_a_variable_that_is_asked_for_or_set_by_hand_is_silent(after: str) -> None:
    assert said("self.factor = tf.Variable(2.0)", after=after) == []


def test_a_module_tracks_its_variables() -> None:
    program = """\
class Scale(tf.Module):
    def __init__(self):
        super().__init__()
        self.factor = tf.Variable(2.0)
scale = Scale()
with tf.GradientTape() as tape:
    loss = scale.factor * 2.0
g = tape.gradient(loss, scale.trainable_variables)
"""
    assert linted(untracked_variable, program) == []


@pytest.mark.parametrize(
    "old",
    [
        "import tf_keras as keras",
        "from tensorflow.python import keras",
        "from tensorflow.python.keras import layers\nimport tensorflow.python.keras as keras",
    ],
)
def test_an_older_keras_tracks_its_variables(old: str) -> None:
    program = PROGRAM.replace("import keras", old)
    program = program.format(make="self.factor = tf.Variable(2.0)", use="self.factor", after=ASK)
    assert linted(untracked_variable, program) == []


@pytest.mark.parametrize(
    "layer",
    [
        (
            "def build(self, shape):\n        self.inner = keras.layers.Dense(1)\n"
            "    def call(self, x):\n        return self.inner(x)"
        ),
        "def call(self, x):\n        return CACHE[0](x)",
        "def call(self, x):\n        CACHE.append(keras.layers.Dense(1))\n        return CACHE[-1](x)",
    ],
)
def test_a_layer_that_is_kept_is_silent(layer: str) -> None:
    program = f"""\
import keras
CACHE = [keras.layers.Dense(1)]
class Net(keras.Model):
    {layer}
net = Net()
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(net(tf.ones([1, 2])))
g = tape.gradient(loss, net.trainable_variables)
"""
    assert linted(untracked_variable, program) == []


@pytest.mark.parametrize(
    ("make", "use"),
    [
        ("self.factor = tf.Variable(2.0)", "self.factor"),
        ("self.factor = tf.Variable(tf.ones([1]), name='factor')", "tf.exp(self.factor)"),
        ("self.factor = [tf.Variable(2.0)]", "self.factor[0]"),
        ("self.factor = {'a': tf.Variable(2.0)}", "self.factor['a']"),
    ],
)
def test_a_tensorflow_variable_of_a_layer_is_found(make: str, use: str) -> None:
    assert said(make, use) == [
        "`self.factor` is a `tf.Variable`, which Keras does not track: it is never trained"
    ]


def test_a_list_of_more_than_one_object_is_seen_through() -> None:
    after = (
        "other = keras.layers.Dense(1)\nother.build((None, 1))\n"
        "g = tape.gradient(loss, net.trainable_variables + other.trainable_variables)"
    )
    assert len(said("self.factor = tf.Variable(2.0)", after=after)) == 1


def test_a_layer_below_is_found() -> None:
    program = """\
import keras
class Inner(keras.layers.Layer):
    def build(self, shape):
        self.factor = tf.Variable(1.0)
    def call(self, x):
        return x * self.factor
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = Inner()
    def call(self, x):
        return self.inner(x)
    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(self(data))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}
"""
    (finding,) = linted(untracked_variable, program)
    assert finding.span.line == 5


def test_a_layer_made_in_a_call_is_found() -> None:
    (message,) = said("pass", "keras.layers.Dense(1)(x)")
    assert message == (
        "`keras.layers.Dense` is made anew in each `call`: its weights are never trained"
    )
