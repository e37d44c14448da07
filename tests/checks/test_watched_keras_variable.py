"""TAP111: Keras variables in `tape.watch`."""

from __future__ import annotations

import pytest
from linted import linted
from story import Story

from tapelint.analysis.observations import RequestMisused
from tapelint.checks import watched_keras_variable

WATCH = "tape.watch(layer.trainable_variables)"


def test_a_watched_kerastensor_is_another_rule() -> None:
    misused = RequestMisused(Story(WATCH).at(WATCH), "symbolic watch")
    assert list(watched_keras_variable.check([misused])) == []


def test_an_older_keras_has_variables_of_tensorflow() -> None:
    program = """\
import tf_keras
layer = tf_keras.layers.Dense(1)
layer.build((None, 1))
with tf.GradientTape() as tape:
    tape.watch(layer.kernel)
"""
    assert linted(watched_keras_variable, program) == []
    assert len(linted(watched_keras_variable, program.replace("tf_keras", "keras"))) == 1


def test_the_argument_is_named() -> None:
    misused = RequestMisused(Story(WATCH).at(WATCH), "watched keras variable", "kernel")
    (finding,) = watched_keras_variable.check([misused])
    assert finding.message == (
        "`tape.watch` raises: `layer.trainable_variables` is a Keras variable"
    )
    assert finding.help.startswith("leave out the watch")


CHOSEN = """\
import keras
model = keras.Sequential([keras.Input((3,)), *(keras.layers.Dense(2) for _ in range({layers}))])
free = tf.Variable(1.0)
{given}
with tf.GradientTape(watch_accessed_variables=False) as tape:
    {watch}
"""
FILTERED = "vs = [v for v in model.trainable_variables if '{part}' in v.path]"
EACH = "for v in vs:\n        tape.watch({watched})"


@pytest.mark.parametrize("layers", [1, 2, 5])
@pytest.mark.parametrize(
    ("given", "watch"),
    [
        ("vs = [v.value for v in model.trainable_variables if 'k' in v.path]", "tape.watch(vs)"),
        (FILTERED.format(part="kernel"), EACH.format(watched="v.value")),
        (FILTERED.format(part="kernel"), "for v in vs:\n        tape.watch(v * 1.0)"),
        (
            "vs = [v for v in [*model.trainable_variables, free] if chosen(v)]",
            EACH.format(watched="v"),
        ),
        (
            "vs = [v for v in model.trainable_variables if isinstance(v, tf.Variable)]",
            EACH.format(watched="v"),
        ),
        (
            "vs = [v for v in model.trainable_variables if not isinstance(v, keras.Variable)]",
            "tape.watch(vs)",
        ),
        (
            "vs = [v.value if chosen(v) else free for v in model.trainable_variables]",
            "tape.watch(vs)",
        ),
        ("vs = chosen(model.trainable_variables)", EACH.format(watched="v")),
        ("vs = []", "tape.watch(vs)"),
    ],
)
def test_what_may_be_no_keras_variable_is_silent(layers: int, given: str, watch: str) -> None:
    program = CHOSEN.format(layers=layers, given=given, watch=watch)
    assert linted(watched_keras_variable, program) == []


@pytest.mark.parametrize("layers", [1, 2, 5])
@pytest.mark.parametrize(
    ("given", "watch"),
    [
        (FILTERED.format(part="kernel"), EACH.format(watched="v")),
        (FILTERED.format(part="bias"), "tape.watch(vs)"),
        ("vs = [v for v in model.weights if chosen(v)]", "tape.watch(vs)"),
        (
            "vs = list(filter(lambda v: chosen(v), model.trainable_variables))",
            EACH.format(watched="v"),
        ),
        (
            "vs = {v.path: v for v in model.trainable_variables if chosen(v)}",
            "for v in vs.values():\n        tape.watch(v)",
        ),
        ("vs = model.trainable_variables[-chosen():]", EACH.format(watched="v")),
        ("v = model.weights[0] if chosen() else model.weights[1]", "tape.watch(v)"),
    ],
)
def test_any_of_several_keras_variables_is_one(layers: int, given: str, watch: str) -> None:
    program = CHOSEN.format(layers=layers, given=given, watch=watch)
    assert len(linted(watched_keras_variable, program)) == 1


@pytest.mark.parametrize("watch", ["tape.watch(vs)", EACH.format(watched="v")])
def test_the_weights_of_a_model_that_may_not_be_built_are_silent(watch: str) -> None:
    given = (
        "model = keras.Sequential([keras.layers.Dense(2), keras.layers.Dense(1)])\n"
        "vs = [v for v in model.trainable_variables if 'kernel' in v.path]"
    )
    program = CHOSEN.format(layers=1, given=given, watch=watch)
    assert linted(watched_keras_variable, program) == []
