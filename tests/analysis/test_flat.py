"""What is called flat is flat under a real tape: second derivatives, and one element normalised."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

import pytest

from tapelint.analysis import flat

pytestmark = [
    pytest.mark.slow,
    pytest.mark.tensorflow,
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="needs TensorFlow"),
]
# What the operation needs beside its input.
MORE = {"maximum": (0.1,), "minimum": (0.1,), "clip_by_value": (-1.0, 1.0), "clip": (-1.0, 1.0)}
NUMBERS = [[0.3, -0.5, 2.0, 0.7], [-0.9, 0.4, 0.6, -3.0]]


def named(name: str) -> Callable[..., Any]:
    """Return what a canonical name stands for, a layer as an instance."""
    import keras
    import tensorflow as tf

    root, _, path = name.partition(".")
    found = attrgetter(path)({"tf": tf, "keras": keras}[root])
    made: Callable[..., Any] = found() if isinstance(found, type) else found
    return made


def second_derivatives(name: str) -> Iterator[object]:
    """Yield the second derivative, eagerly and in a graph."""
    import tensorflow as tf

    operation = named(name)
    x = tf.Variable(NUMBERS)
    more = MORE.get(name.rpartition(".")[2], ())

    def ask() -> tuple[object, object]:
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = tf.reduce_sum(operation(2.0 * x, *more))
            slope = inner.gradient(y, x)
        return slope, outer.gradient(slope, x)

    for run in (ask, tf.function(ask)):
        slope, second = run()
        assert bool(tf.reduce_any(slope != 0.0)), "there is no first derivative"
        yield second


@pytest.mark.parametrize("name", sorted(flat.STRAIGHT))
def test_the_slope_of_straight_pieces_has_a_derivative_of_zeros(name: str) -> None:
    import tensorflow as tf

    for second in second_derivatives(name):
        assert second is not None
        assert not bool(tf.reduce_any(second != 0.0))


@pytest.mark.parametrize("name", sorted(flat.CHOOSING))
def test_the_slope_of_a_choice_has_none(name: str) -> None:
    assert list(second_derivatives(name)) == [None, None]


@pytest.mark.parametrize("name", sorted(flat.NORMALISERS))
def test_one_element_is_normalised_to_a_constant(name: str) -> None:
    import tensorflow as tf

    operation = named(name)
    x = tf.Variable([[0.3], [-2.0]])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(operation(x) * [[1.0], [3.0]])

    assert not bool(tf.reduce_any(tape.gradient(y, x) != 0.0))


@pytest.mark.parametrize("name", sorted(flat.TAKES_LOGITS))
def test_a_binary_crossentropy_takes_the_logits_of_a_softmax(name: str) -> None:
    import keras
    import tensorflow as tf

    x = tf.Variable([[0.3], [-2.0]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(named(name)(tf.constant([[1.0], [0.0]]), keras.activations.softmax(x)))

    assert bool(tf.reduce_all(tape.gradient(loss, x) != 0.0))
