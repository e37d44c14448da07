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
