"""The table of TensorFlow twins: what it leaves out, and that all it names exist."""

from __future__ import annotations

import functools
import importlib.util

import pytest

from tapelint.checks.twins import NUMPY_LIKE, RENAMED, SAME, STAND_INS, stand_in, twin

NUMPY = [f"np.{name}" for name in sorted({*RENAMED, *SAME, *NUMPY_LIKE}) if "special." not in name]
SCIPY = [f"scipy.{name}" for name in RENAMED if "special." in name]


@pytest.mark.parametrize(
    "op", ["np", "np.", "np.argmax", "np.round", "np.load", "tf.exp", "scipy.mean", "mean"]
)
def test_there_is_no_twin_for_what_is_flat_unknown_or_tensorflow_itself(op: str) -> None:
    assert twin(op) == ""


@pytest.mark.parametrize(
    ("op", "name"),
    [
        ("np.mean", "tf.reduce_mean"),
        ("math.sqrt", "tf.sqrt"),
        ("np.linalg.norm", "tf.norm"),
        ("scipy.special.expit", "tf.sigmoid"),
        ("np.hstack", "tf.experimental.numpy.hstack"),
    ],
)
def test_a_twin_is_found(op: str, name: str) -> None:
    assert twin(op) == name


def test_no_function_is_both_flat_and_a_twin() -> None:
    assert STAND_INS.keys().isdisjoint(RENAMED.keys() | SAME | NUMPY_LIKE)


@pytest.mark.parametrize("op", ["tf.exp", "keras.ops.relu"])
def test_there_is_no_stand_in_for_what_is_smooth(op: str) -> None:
    assert stand_in(op) == ""


@pytest.mark.parametrize("op", ["tf.argmax", "tf.math.argmax", "keras.ops.argmax", "np.argmax"])
def test_a_stand_in_is_found_by_the_last_part_of_the_name(op: str) -> None:
    assert "tf.nn.softmax" in stand_in(op)


@pytest.mark.tensorflow
@pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
)
@pytest.mark.parametrize("op", [*NUMPY, *SCIPY])
def test_the_twin_exists_in_tensorflow(op: str) -> None:
    import tensorflow as tf

    found = functools.reduce(getattr, twin(op).split(".")[1:], tf)
    assert callable(found)
