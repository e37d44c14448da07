"""TAP402: gradients of other variables."""

from __future__ import annotations

import pytest
from linted import linted
from story import update

from tapelint.analysis.observations import Misuse
from tapelint.checks import mismatched_pairs


def test_swapped_pairs_are_another_rule() -> None:
    assert update(mismatched_pairs, "optimizer.apply_gradients(pairs)", Misuse.SWAPPED) == []


@pytest.mark.parametrize(
    ("text", "labels", "message"),
    [
        (
            "optimizer.apply_gradients(zip(gradients, [b, a]))",
            ["b", "a"],
            "`optimizer.apply_gradients` gives `b` and `a` the gradient of another variable",
        ),
        (
            "w.assign_sub(0.1 * gradient)",
            ["w"],
            "`w.assign_sub` gives `w` the gradient of another variable",
        ),
        (
            "optimizer.apply_gradients(pairs)",
            [],
            "`optimizer.apply_gradients` gives variables the gradients of others",
        ),
        (
            "zip(gradients, [a, b])",
            ["a", "b"],
            "`zip` pairs gradients with more or fewer variables, and drops the rest",
        ),
    ],
)
def test_the_variables_are_named(text: str, labels: list[str], message: str) -> None:
    (finding,) = update(mismatched_pairs, text, Misuse.MISMATCHED, labels)
    assert finding.message == message
    assert finding.span.line == 2


def test_a_long_list_of_clipped_gradients_keeps_its_order() -> None:
    program = """\
{layers}
optimizer = tf.keras.optimizers.SGD()
with tf.GradientTape() as tape:
    y = {total}
grads = tape.gradient(y, [{names}])
grads = [tf.clip_by_norm(g, 1.0) for g in grads]
optimizer.apply_gradients(zip(grads, [{names}]))
"""
    names = [f"w{i}" for i in range(40)]
    made = "\n".join(f"{name} = tf.Variable({i}.0)" for i, name in enumerate(names))
    text = program.replace("{layers}", made).replace("{names}", ", ".join(names))
    assert linted(mismatched_pairs, text.replace("{total}", " * ".join(names))) == []


@pytest.mark.parametrize(
    "average",
    [
        "    for g in grads:\n        kept.append(tf.clip_by_norm(g, 1.0))",
        "    for rows in zip(grads, grads):\n        kept.append(tf.add_n(list(rows)))",
        "    for g in unknown(grads):\n        kept.append(g * 2.0)",
    ],
)
def test_a_list_that_a_loop_over_many_gradients_made_is_as_long_as_they_are(average: str) -> None:
    program = f"""\
net = tf.keras.Sequential([tf.keras.layers.Dense(2) for _ in range(5)])
net.build((None, 2))
weights = net.trainable_variables
optimizer = tf.keras.optimizers.SGD()
with tf.GradientTape() as tape:
    y = tf.reduce_sum(net(tf.ones((1, 2))))
grads = tape.gradient(y, weights)
def average(grads):
    kept = []
{average}
    return kept
optimizer.apply_gradients(zip(average(grads), weights))
"""
    assert linted(mismatched_pairs, program) == []


def test_a_slice_of_the_gradients_is_shorter() -> None:
    program = """\
net = tf.keras.Sequential([tf.keras.layers.Dense(2) for _ in range(5)])
net.build((None, 2))
weights = net.trainable_variables
optimizer = tf.keras.optimizers.SGD()
with tf.GradientTape() as tape:
    y = tf.reduce_sum(net(tf.ones((1, 2))))
grads = tape.gradient(y, weights)
optimizer.apply_gradients(zip(grads[:-1], weights))
"""
    assert len(linted(mismatched_pairs, program)) == 1
