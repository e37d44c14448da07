"""TAP111: Keras variables in `tape.watch`."""

from __future__ import annotations

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
