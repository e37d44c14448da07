"""TAP209: `stop_gradient` on the only path."""

from __future__ import annotations

import pytest
from linted import linted
from story import Story, lost, one_call

from tapelint.analysis.graph import Reason
from tapelint.checks import stopped_gradient
from tapelint.model import Finding

PROGRAM = """\
a, b = tf.Variable(1.0), tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = tf.stop_gradient(a) * b
tape.gradient(loss, {sources})
"""


def find(sources: str, label: str, asked: int) -> list[Finding]:
    """Stop one source of a request for so many."""
    story = Story(PROGRAM.format(sources=sources))
    a = story.variable("tf.Variable(1.0)", label)
    stop = story.cut("tf.stop_gradient(a)", "tf.stop_gradient", a, Reason.STOP)
    loss = story.tensor("tf.stop_gradient(a) * b", "*", stop, label="loss")
    missing = lost(label, a, stop, loss)
    request = story.asked(f"tape.gradient(loss, {sources})", loss, missing, asked=asked)
    return list(stopped_gradient.check([request]))


def test_a_rounded_value_is_another_rule() -> None:
    assert one_call(stopped_gradient, "tf.round(w)", "tf.round", Reason.OP) == []


def test_a_part_of_a_list_may_be_stopped_on_purpose() -> None:
    assert find("model.trainable_variables", "dense/kernel", 2) == []
    assert find("variables", "a", 2) == []


@pytest.mark.parametrize(
    ("sources", "label"), [("[a, b]", "a"), ("[encoder.a, b]", "self.a"), ("a", "a")]
)
def test_a_source_that_is_asked_for_by_name_is_wanted(sources: str, label: str) -> None:
    (finding,) = find(sources, label, 1 if sources == "a" else 2)
    assert finding.span.line == 3


def test_a_request_that_is_left_with_nothing_is_a_mistake() -> None:
    assert len(find("model.trainable_variables", "dense/kernel", 1)) == 1


def test_the_stop_and_the_source_are_named() -> None:
    (finding,) = find("a", "a", 1)
    assert finding.message == (
        "the gradient of `loss` with respect to `a` is None: stopped here by `tf.stop_gradient`"
    )
    assert finding.help == "take `tf.stop_gradient` off this branch, or do not ask for `a`"


STRAIGHT = """\
import keras
encoder = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
x = tf.ones((4, 3))
with tf.GradientTape() as tape:
    soft = encoder(x)
    side = 0.0
    hard = {hard}
    through = {through}
    loss = tf.reduce_sum(decoder(through) ** 2) + side
weights = encoder.trainable_variables + decoder.trainable_variables
gradients = tape.gradient(loss, weights)
"""
ROUND = "tf.round(soft)"
CODES = "tf.one_hot(tf.argmin(soft, 1), 2)"
REVERSED = "hard + tf.stop_gradient(soft - hard)"


@pytest.mark.parametrize(
    ("hard", "through"),
    [
        (ROUND, "soft + tf.stop_gradient(hard - soft)"),
        ("tf.sigmoid(soft)", REVERSED),
        # A part that is held fixed.
        (ROUND, "tf.stop_gradient(soft)"),
        (ROUND, "x[:, :2] + tf.stop_gradient(soft)"),
        ("x[:, :2]", REVERSED),
    ],
)
def test_a_stop_that_passes_the_gradient_or_holds_a_part_fixed_is_silent(
    hard: str, through: str
) -> None:
    assert linted(stopped_gradient, STRAIGHT.format(hard=hard, through=through)) == []


@pytest.mark.parametrize(
    ("hard", "through"),
    [
        ("tf.one_hot(tf.argmax(soft, -1), 2)", REVERSED),
        ("tf.gather(tf.Variable(tf.ones((2, 2))), tf.argmin(soft, 1))", REVERSED),
        (CODES, "tf.stop_gradient(soft - hard) + hard"),
        (CODES, "tf.add(hard, tf.stop_gradient(tf.subtract(soft, hard)))"),
        # Another stop, which is meant, is on a shorter way.
        (CODES, f"{REVERSED}\n    side = tf.reduce_sum(hard - tf.stop_gradient(soft))"),
    ],
)
def test_a_straight_through_the_wrong_way_round_is_found(hard: str, through: str) -> None:
    (finding,) = linted(stopped_gradient, STRAIGHT.format(hard=hard, through=through))
    assert finding.help == (
        "turn it round, so that the gradient passes: `soft + tf.stop_gradient(hard - soft)`"
    )
