"""What a call of library code can compute from: its arguments, what it holds, or nobody knows."""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.tensorflow


def held(tf: Any, function: Any, *given: Any) -> set[int] | None:
    """Return the identities of what a call can compute from."""
    from tapelint.verify.worker.reach import held_by
    from tapelint.verify.worker.runtime import TensorFlow

    recorder: Any = SimpleNamespace(runtime=TensorFlow.of(tf))
    found = held_by(recorder, function, given)
    return None if found is None else {id(value) for value in found}


def users(*values: Any) -> Any:
    """Stand for a function of the program, which may read whatever it likes."""
    return values[0]


ARGUMENTS_ALONE: dict[str, Callable[[Any], Any]] = {
    "a function": lambda tf: tf.reduce_mean,
    "a function that is dispatched": lambda tf: tf.matmul,
    "a loss": lambda tf: tf.keras.losses.BinaryCrossentropy(from_logits=True),
    "a method of a loss": lambda tf: tf.keras.losses.MeanSquaredError().call,
    "a loss function": lambda tf: tf.keras.losses.mse,
    "an operator": lambda tf: operator.add,
    "a layer that is not built": lambda tf: tf.keras.layers.Dense(3),
}
UNSEEN: dict[str, Callable[[Any], Any]] = {
    "a function of the program": lambda tf: users,
    "one under `tf.function`": lambda tf: tf.function(users),
    "one in a layer": lambda tf: tf.keras.layers.Lambda(users),
    "one in a loss": lambda tf: (
        tf.keras.losses.LossFunctionWrapper(users)
        if hasattr(tf.keras.losses, "LossFunctionWrapper")
        else tf.keras.metrics.MeanMetricWrapper(users)
    ),
    "a class of the program": lambda tf: type("Own", (tf.keras.losses.Loss,), {"call": users})(),
}


@pytest.mark.parametrize("name", ARGUMENTS_ALONE)
def test_a_library_computes_from_its_arguments(name: str) -> None:
    import tensorflow as tf

    x, y = tf.ones([2, 3]), tf.Variable(tf.ones([3, 2]))
    assert held(tf, ARGUMENTS_ALONE[name](tf), x, [y]) == {id(x), id(y)}


@pytest.mark.parametrize("name", UNSEEN)
def test_what_the_program_wrote_may_compute_from_anything(name: str) -> None:
    import tensorflow as tf

    assert held(tf, UNSEEN[name](tf), tf.ones([2, 3])) is None


def test_functions_and_iterators_among_the_arguments_may_hold_anything() -> None:
    import tensorflow as tf

    x = tf.ones([2])
    assert held(tf, tf.map_fn, users, x) is None
    assert held(tf, tf.add_n, (v for v in [x])) is None
    assert held(tf, tf.add_n, map(users, [x])) is None


def test_a_model_computes_from_its_weights() -> None:
    import tensorflow as tf

    x = tf.ones([2, 3])
    model = tf.keras.Sequential([tf.keras.layers.Dense(3)])
    model(x)
    weights = {id(weight.value) for weight in model.trainable_variables}
    found = held(tf, model, x)
    assert found is not None
    assert weights | {id(x)} <= found


def test_a_call_without_a_tensor_has_its_numbers_from_elsewhere() -> None:
    import tensorflow as tf

    assert held(tf, tf.compat.v1.losses.get_total_loss) is None
    assert held(tf, tf.ones, [2, 3]) is None
