"""Gradients of written numbers are worked out as TensorFlow computes them, NaN for NaN."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import arithmetic
import pytest
from observed import observe

from tapelint.analysis import running
from tapelint.analysis.concrete.numbers import Number

PROGRAMS = 150


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[Number] | None]:
    """Work out the one gradient a program asks for; None where nothing is known of it."""
    made: list[arithmetic.Watched] = []

    class Kept(arithmetic.Watched):
        def __init__(self, *given: object) -> None:
            super().__init__(*given)
            made.append(self)

    monkeypatch.setattr(running, "Suspects", Kept)

    def run(source: str) -> list[Number] | None:
        made.clear()
        observe(source)
        (gradient,) = [g for watched in made for g in watched.gradients]
        return gradient

    return run


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="needs TensorFlow")
@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_gradients_are_those_of_tensorflow(
    seed: int, computed: Callable[[str], list[Number] | None]
) -> None:
    source = arithmetic.program(seed)
    names: dict[str, object] = {}
    try:
        exec(source, names)
    except Exception as error:  # noqa: BLE001 - whatever TensorFlow makes of a random program
        pytest.skip(f"TensorFlow does not run it: {type(error).__name__}")
    gradient = names["g"]
    if gradient is None:
        pytest.skip("there is no gradient")

    theirs = gradient_numbers(gradient)

    assert arithmetic.same(computed(source), theirs), (computed(source), theirs)


def gradient_numbers(gradient: object) -> list[float]:
    import tensorflow as tf

    numbers: list[float] = tf.convert_to_tensor(gradient).numpy().tolist()
    return numbers


def test_what_is_not_known_is_equal_to_itself(
    computed: Callable[[str], list[Number] | None],
) -> None:
    gradient = computed(
        "import tensorflow as tf\n"
        "x = tf.Variable(tf.random.normal([3]))\n"
        "with tf.GradientTape() as tape:\n"
        "    y = tf.norm(x[:2] * 3.0 - 3.0 * x[:2]) + x[2]\n"
        "g = tape.gradient(y, x)\n"
    )

    assert gradient is not None
    assert [n != n for n in gradient] == [True, True, False]


def test_a_random_number_is_not_taken_for_zero(
    computed: Callable[[str], list[Number] | None],
) -> None:
    gradient = computed(
        "import tensorflow as tf\n"
        "x = tf.Variable(tf.random.normal([3]))\n"
        "with tf.GradientTape() as tape:\n"
        "    y = tf.norm(x - tf.random.normal([3]))\n"
        "g = tape.gradient(y, x)\n"
    )

    assert gradient is not None
    assert [n != n for n in gradient] == [False, False, False]
