"""TAP110: what Keras 3.15 tracks, and what it only uses."""

from __future__ import annotations

from pathlib import Path

import pytest
from linted import linted

from tapelint.analysis.project import unit_of
from tapelint.checks import untracked_variable
from tapelint.engine import lint
from tapelint.settings import Settings
from tapelint.source.read import SourceText

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
    "given",
    [
        "from compat import keras",
        (
            "from compat import Base\nclass keras:\n    class layers:\n        Dense, Layer = Base, Base\n"
            "class Other(Base):\n    pass"
        ),
        "import compat\nkeras = compat.keras\nclass Other(compat.keras.Model):\n    pass",
    ],
)
def test_an_older_keras_may_come_from_another_file(given: str, tmp_path: Path) -> None:
    program = PROGRAM.replace("import keras", given)
    program = program.format(make="self.factor = tf.Variable(2.0)", use="self.factor", after=ASK)

    assert (
        in_project(tmp_path, program, "import tf_keras as keras\nBase = keras.layers.Layer\n") == []
    )


def test_an_older_keras_elsewhere_is_no_excuse(tmp_path: Path) -> None:
    program = PROGRAM.replace("import keras", "import keras\nfrom compat import plot")
    program = program.format(make="self.factor = tf.Variable(2.0)", use="self.factor", after=ASK)

    (found,) = in_project(tmp_path, program, "import tf_keras\ndef plot(): pass\n")
    assert found.startswith("`self.factor` is a `tf.Variable`")
    everywhere = "import os\nos.environ['TF_USE_LEGACY_KERAS'] = '1'\ndef plot(): pass\n"
    assert in_project(tmp_path, program, everywhere) == []


def in_project(folder: Path, program: str, compat: str) -> list[str]:
    """Return what is said of a program that has a file beside it."""
    source = SourceText(str(folder / "train.py"), f"import tensorflow as tf\n{program}")
    (folder / "train.py").write_text(source.text)
    (folder / "compat.py").write_text(compat)
    unit_of.cache_clear()
    return [found.message for found in lint(source, Settings()) if found.code == "TAP110"]


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


PARTS = """\
import keras
class Part{part}:
    def __init__(self):
        {super}
        self.dense = keras.layers.Dense(1)
        self.scale = tf.Variable(2.0)
    def __call__(self, x):
        return {use}
class Net({holder}):
    def __init__(self{given}):
        super().__init__()
        self.part = {make}
        self.own = {own}
    def __call__(self, x):
        return self.part(x) * self.own
{after}
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(net(tf.ones([1, 2])))
g = tape.gradient(loss, net.trainable_variables)
"""


def said_of_parts(
    holder: str = "tf.Module",
    part: str = "",
    use: str = "self.dense(x)",
    make: str = "Part()",
    own: str = "tf.Variable(1.0)",
    given: str = "",
    after: str = "net = Net()",
) -> list[str]:
    """Return what is said of an object that has another one as a part."""
    start = "super().__init__()" if part else "pass"
    program = PARTS.format(
        holder=holder, part=part, use=use, make=make, own=own, given=given, after=after, super=start
    )
    return [f.message for f in linted(untracked_variable, program)]


KERAS_OWN = "self.add_weight(shape=())"


@pytest.mark.parametrize(
    "parts",
    [
        {"part": "(tf.Module)", "use": "self.scale * x"},
        {"holder": "keras.layers.Layer", "part": "(keras.layers.Layer)", "own": KERAS_OWN},
        # What it is handed is somebody else's.
        {"given": ", part", "make": "part", "after": "net = Net(Part())"},
        {"after": "net = Net()\nnet.part.dense.load_weights('w.h5')"},
        {"after": "net = Net()\nnet.part.dense.trainable = False"},
        {"use": "tf.stop_gradient(self.dense(x))"},
        {"after": "net = Net()\nnet.part.scale.assign(1.0)", "use": "self.scale * x"},
        {
            "after": (
                "net = Net()\nwith tf.GradientTape() as t:\n    a = net.part(tf.ones([1, 2]))\n"
                "t.gradient(a, net.part.dense.trainable_variables)"
            )
        },
    ],
)
def test_parts_that_are_tracked_or_trained_by_others_are_silent(parts: dict[str, str]) -> None:
    assert said_of_parts(**parts) == []


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({}, "a plain object, which a `tf.Module` does not track"),
        ({"make": "[Part() for _ in range(2)][0]"}, "a plain object, which a `tf.Module` does not"),
        (
            {"holder": "keras.layers.Layer", "own": KERAS_OWN},
            "a plain object, which Keras does not track",
        ),
        (
            {"holder": "keras.Model", "own": KERAS_OWN, "use": "x * self.scale"},
            "a plain object, which Keras does not track",
        ),
        (
            {
                "holder": "keras.Model",
                "own": KERAS_OWN,
                "part": "(tf.Module)",
                "use": "x * self.scale",
            },
            "a `tf.Module`, which Keras does not track",
        ),
        ({"make": "keras.layers.Dense(1)"}, "a Keras layer, which a `tf.Module` does not track"),
        (
            {"make": "keras.Sequential([keras.layers.Dense(1)])"},
            "a Keras layer, which a `tf.Module` does not track",
        ),
        ({"part": "(keras.layers.Layer)"}, "a Keras layer, which a `tf.Module` does not track"),
    ],
)
def test_a_part_that_its_holder_does_not_track_is_found_once(
    parts: dict[str, str], said: str
) -> None:
    (message,) = said_of_parts(**parts)
    assert message.startswith(f"`self.part` is {said}")


def test_what_is_assigned_to_another_object_is_no_value_by_hand() -> None:
    make = "self.factor = {'a': tf.Variable(2.0)}"
    after = f"other = Net()\nother.factor['a'].assign(1.0)\n{ASK}"
    assert len(said(make, "self.factor['a']", after)) == 1


FIT = """\
import keras
class Scale(keras.layers.Layer):
    def build(self, shape):
        {make}
    def call(self, x):
        return x * {use}
scale = Scale()
model = {model}
model.compile("sgd", "mse", run_eagerly={eager})
{after}
"""
SEQUENTIAL = "keras.Sequential([keras.layers.Dense(2), scale, keras.layers.Dense(1)])"
TRAIN = "model.fit(tf.ones([4, 2]), tf.ones([4, 1]), verbose=0)"


def said_of_fit(
    make: str = "self.factor = tf.Variable(2.0)",
    use: str = "self.factor",
    model: str = SEQUENTIAL,
    after: str = TRAIN,
    eager: bool = False,
) -> list[str]:
    """Return what is said of a layer in a model that Keras trains."""
    program = FIT.format(make=make, use=use, model=model, after=after, eager=eager)
    return [f.message for f in linted(untracked_variable, program)]


@pytest.mark.parametrize(
    "program",
    [
        {"make": "self.factor = self.add_weight(shape=())"},
        {"make": "self.factor = keras.Variable(2.0)"},
        {"make": "self.factor = tf.Variable(2.0, trainable=False)"},
        {"make": "self.factor = tf.Variable(2)", "use": "tf.cast(self.factor, tf.float32)"},
        {"use": "tf.stop_gradient(self.factor)"},
        {"use": "(2.0 if self.factor is not None else 1.0)"},
        # A moving average, which the layer itself keeps.
        {"use": "self.factor.assign(0.9 * self.factor + 0.1 * tf.reduce_mean(x))"},
        {"make": "self.factor, self.trainable = tf.Variable(2.0), False"},
        {"after": f"model.build((None, 2))\nscale.factor.assign(3.0)\n{TRAIN}"},
        {"after": f"{TRAIN}\nscale.factor.assign(3.0)"},
        {"after": f"scale.trainable = False\n{TRAIN}"},
        {"after": f"model.trainable = False\n{TRAIN}"},
        {
            "after": "model.predict(tf.ones([4, 2]))\nmodel.evaluate(tf.ones([4, 2]), tf.ones([4, 1]))"
        },
        {
            "after": (
                f"class Anneal(keras.callbacks.Callback):\n    def on_epoch_end(self, epoch, logs):\n"
                f"        scale.factor.assign(epoch)\n{TRAIN}"
            )
        },
        {
            "after": (
                f"{TRAIN}\nwith tf.GradientTape() as tape:\n"
                "    loss = tf.reduce_sum(model(tf.ones([1, 2])))\n"
                "g = tape.gradient(loss, scale.factor)"
            )
        },
        {"model": f"unknown({SEQUENTIAL})"},
    ],
)
def test_what_fit_trains_or_need_not_train_is_silent(program: dict[str, str]) -> None:
    assert said_of_fit(**program) == []


@pytest.mark.parametrize(
    "program",
    [
        {},
        {"eager": True},
        {"model": SEQUENTIAL.replace("[", "[keras.Input((2,)), ", 1)},
        {"make": "self.factor = [tf.Variable(2.0)]", "use": "self.factor[0]"},
        {"after": "model.train_on_batch(tf.ones([4, 2]), tf.ones([4, 1]))"},
        {"after": "model.build((None, 2))\n" + TRAIN},
        {
            "model": (
                "(lambda i: keras.Model(i, keras.layers.Dense(1)(scale(keras.layers.Dense(2)(i)))))"
                "(keras.Input((2,)))"
            )
        },
        {
            "after": (
                "class Step(keras.Sequential):\n    def train_step(self, data):\n"
                "        return super().train_step(data)\n"
                "model = Step([keras.layers.Dense(2), scale, keras.layers.Dense(1)])\n"
                f"model.compile('sgd', 'mse')\n{TRAIN}"
            )
        },
    ],
)
def test_what_fit_passes_over_is_found(program: dict[str, str | bool]) -> None:
    (message,) = said_of_fit(**program)
    assert message == (
        "`self.factor` is a `tf.Variable`, which Keras does not track: it is never trained"
    )
