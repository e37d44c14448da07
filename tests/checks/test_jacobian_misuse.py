"""TAP306: Jacobians of what has none."""

from __future__ import annotations

import pytest
from linted import linted
from story import Story

from tapelint.analysis.observations import RequestMisused
from tapelint.checks import jacobian_misuse


def test_a_gradient_inside_its_tape_is_another_rule() -> None:
    call = "tape.jacobian(y, x)"
    misused = RequestMisused(Story(call).at(call), "inside own tape")
    assert list(jacobian_misuse.check([misused])) == []


@pytest.mark.parametrize(
    ("call", "what", "message", "help"),
    [
        (
            "tape.jacobian([y, z], x)",
            "jacobian of a list",
            "`tape.jacobian` of a list of targets raises",
            "`tf.stack`",
        ),
        (
            "tape.batch_jacobian(y, x)",
            "batch jacobian of a vector",
            "`tape.batch_jacobian` raises: it wants a batch axis and one more",
            "`keepdims=True`",
        ),
        (
            "tape.batch_jacobian(y, x)",
            "batch jacobian of two batches",
            "`tape.batch_jacobian` raises: target and source differ in their first axis, the batch",
            "`jacobian`",
        ),
        (
            "tape.batch_jacobian(y, x)",
            "batch jacobian of other rows",
            "`tape.batch_jacobian` is wrong where the rows of a batch depend on each other",
            "`jacobian`",
        ),
    ],
)
def test_each_misuse_has_its_words(call: str, what: str, message: str, help: str) -> None:
    (finding,) = jacobian_misuse.check([RequestMisused(Story(call).at(call), what)])
    assert finding.message == message
    assert help in finding.help


ROWS = """\
x = tf.random.normal((4, 3))
norm = tf.keras.layers.BatchNormalization()
frozen = tf.keras.layers.BatchNormalization(trainable=False)
model = tf.keras.Sequential([tf.keras.layers.Dense(2), norm, tf.keras.layers.Dense(2)])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = {}
tape.batch_jacobian(y, x)
"""


@pytest.mark.parametrize(
    "value",
    [
        "model(x)",
        "model(x, training=False)",
        "norm(x)",
        "frozen(x, training=True)",
        "tf.keras.layers.LayerNormalization()(x, training=True)",
        "x - tf.reduce_mean(x, axis=1, keepdims=True)",
        "x - tf.reduce_mean(x, axis=-1, keepdims=True)",
        "x / tf.stop_gradient(tf.reduce_sum(x))",
        "x - tf.reduce_max(x)",
        "x * tf.reduce_mean(tf.ones((4, 3)), axis=0)",
        "tf.map_fn(lambda row: row / tf.reduce_sum(row), x)",
        "tf.vectorized_map(lambda row: row / tf.reduce_sum(row, axis=0), x)",
        "tf.stack([x[0] / tf.reduce_sum(x[0]), x[1], x[2], x[3]])",
    ],
)
def test_rows_that_go_by_themselves_are_fine(value: str) -> None:
    assert linted(jacobian_misuse, ROWS.format(value)) == []


@pytest.mark.parametrize(
    "value",
    [
        "model(x, training=True)",
        "norm(x, training=True)",
        "x - tf.reduce_mean(x, axis=0)",
        "tf.nn.relu(x) / tf.reduce_sum(tf.nn.relu(x))",
        "x / tf.norm(x)",
    ],
)
def test_rows_that_depend_on_each_other_are_not_told_apart(value: str) -> None:
    (finding,) = linted(jacobian_misuse, ROWS.format(value))
    assert finding.message.endswith("is wrong where the rows of a batch depend on each other")


@pytest.mark.parametrize("value", ["tf.reduce_mean(model(x))", "tf.reduce_sum(other(x))"])
def test_one_number_has_no_batch(value: str) -> None:
    program = ROWS.format(value)
    (finding,) = linted(jacobian_misuse, f"from elsewhere import other\n{program}")
    assert finding.message.endswith("raises: it wants a batch axis and one more")


SHARED = """\
import tensorflow as tf

x = tf.constant([[0.5], [1.0], [4.0]])
w = tf.Variable({})
with tf.GradientTape() as tape:
    y = x * w
tape.batch_jacobian(y, w)
"""


def test_a_variable_with_a_row_for_each_of_the_batch_is_fine() -> None:
    assert linted(jacobian_misuse, SHARED.format("[[1.0], [2.0], [3.0]]")) == []


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("[2.0, 0.7]", "it wants a batch axis and one more"),
        ("[[2.0, 0.7]]", "target and source differ in their first axis, the batch"),
    ],
)
def test_parameters_that_a_batch_shares_have_no_rows(value: str, why: str) -> None:
    (finding,) = linted(jacobian_misuse, SHARED.format(value))
    assert finding.message == f"`tape.batch_jacobian` raises: {why}"
