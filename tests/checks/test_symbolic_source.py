"""TAP109: KerasTensors as sources, and watched."""

from __future__ import annotations

import pytest
from linted import linted
from story import Story

from tapelint.analysis.observations import RequestMisused
from tapelint.checks import symbolic_source


def test_a_watched_keras_variable_is_another_rule() -> None:
    place = Story("tape.watch(w)").at("tape.watch(w)")
    assert list(symbolic_source.check([RequestMisused(place, "watched keras variable")])) == []


@pytest.mark.parametrize(
    ("call", "what", "message"),
    [
        (
            "tape.gradient(score, model.input)",
            "symbolic source",
            "`tape.gradient` raises: `model.input` is a symbolic Keras tensor",
        ),
        (
            "tape.watch(features)",
            "symbolic watch",
            "`tape.watch` raises: `features` is a symbolic Keras tensor",
        ),
    ],
)
def test_the_symbol_is_named_as_it_is_written(call: str, what: str, message: str) -> None:
    misused = RequestMisused(Story(call).at(call), what)
    (finding,) = symbolic_source.check([misused, misused])
    assert finding.message == message
    assert "`keras.Model(model.inputs, [layer.output, model.output])`" in finding.help


SEARCHED = """\
import keras
inputs = keras.Input((12, 12, 1))
x = keras.layers.Conv2D(3, 3, name="c1")(inputs)
x = keras.layers.Conv2D(4, 3, name="c2")(x)
x = keras.layers.MaxPooling2D()(x)
x = keras.layers.Flatten()(x)
model = keras.Model(inputs, keras.layers.Dense(2)(x))
layers = model.layers


def last(test):
    for layer in reversed(layers):
        if test(layer):
            return layer


found = {found}
both = keras.Model(model.inputs, [found.output, model.output])
image = tf.ones((1, 12, 12, 1))
with tf.GradientTape() as tape:
    maps, scores = both(image)
    top = scores[:, 0]
slopes = tape.gradient(top, {source})
"""
SEARCHES = [
    "next(v for v in reversed(layers) if isinstance(v, keras.layers.Conv2D))",
    "[v for v in layers if isinstance(v, (keras.layers.Conv2D, keras.layers.Conv1D))][-1]",
    "list(filter(lambda v: isinstance(v, keras.layers.Convolution2D), layers))[0]",
    "next(v for v in reversed(layers) if not isinstance(v, keras.layers.Dense))",
    "next(v for v in layers if isinstance(v, keras.layers.MaxPool2D))",
    "next(v for v in reversed(layers) if len(v.output.shape) == 4)",
    "next(v for v in reversed(layers) if v.name.startswith(unknown))",
    "last(lambda v: len(v.output.shape) == 4)",
    "model.get_layer(last(lambda v: len(v.output.shape) == 4).name)",
    "model.get_layer(unknown)",
    "layers[unknown]",
]


@pytest.mark.parametrize("found", SEARCHES)
@pytest.mark.parametrize("source", ["maps", "[maps]"])
def test_what_the_model_gave_for_a_layer_is_silent(found: str, source: str) -> None:
    assert linted(symbolic_source, SEARCHED.format(found=found, source=source)) == []


@pytest.mark.parametrize(
    ("found", "source"),
    [
        (SEARCHES[0], "unknown.get_layer('c1').output"),
        (SEARCHES[0], "both(image)[0]"),
        # What is watched while the model computes may be kept, and have a value.
        ("model.get_layer(unknown)", "(maps if unknown else found).output"),
        ("unknown.get_layer('c1')", "found.output"),
    ],
)
def test_a_layer_that_may_be_of_another_kind_is_silent(found: str, source: str) -> None:
    assert linted(symbolic_source, SEARCHED.format(found=found, source=source)) == []


@pytest.mark.parametrize("found", SEARCHES)
@pytest.mark.parametrize("source", ["found.output", "[found.output]"])
def test_whichever_layer_it_is_its_output_is_symbolic(found: str, source: str) -> None:
    (finding,) = linted(symbolic_source, SEARCHED.format(found=found, source=source))
    assert finding.message.startswith("`tape.gradient` raises: ")
