"""TAP401: variables where gradients belong."""

from __future__ import annotations

import pytest
from linted import linted
from story import update

from tapelint.analysis.observations import Misuse
from tapelint.checks import swapped_pairs
from tapelint.model import Role

APPLY = "optimizer.apply_gradients(zip(weights, gradients))"


def test_gradients_of_other_variables_are_another_rule() -> None:
    assert update(swapped_pairs, APPLY, Misuse.MISMATCHED) == []


def test_swapped_arguments_of_zip_raise() -> None:
    (finding,) = update(swapped_pairs, APPLY, Misuse.SWAPPED, ["w"])
    assert finding.message == (
        "`optimizer.apply_gradients` is given variables where gradients belong, which raises"
    )
    assert finding.help == "swap the arguments of `zip`"
    assert [(s.role, s.span.line) for s in finding.steps] == [(Role.TAPE, 1), (Role.BREAK, 2)]


def test_a_swapped_difference_is_silent() -> None:
    (finding,) = update(swapped_pairs, "weight - 0.1 * gradient", Misuse.SWAPPED)
    assert finding.message == "`weight - 0.1 * gradient` takes the variable from its gradient"
    assert finding.help == "swap the names that unpack the pairs"


GROUPS = """\
import keras
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(1)])
def groups(model):
    decay, plain = [], []
    for v in model.trainable_variables:
        {keep}
    return {{"decay": decay, "plain": plain}}
optimizers = {{name: keras.optimizers.SGD(0.1) for name in ("decay", "plain")}}
with tf.GradientTape(persistent=True) as tape:
    loss = tf.reduce_mean(model(tf.ones((2, 3))) ** 2)
for name, variables in groups(model).items():
    gradients = tape.gradient(loss, variables)
    optimizers[name].apply_gradients({pairs})
"""
KEEPS = [
    "(decay if len(v.shape) > 1 else plain).append(v)",
    "decay.append(v) if len(v.shape) > 1 else plain.append(v)",
    "if 'kernel' in v.path:\n            decay.append(v)\n        else:\n            plain.append(v)",
]


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize(
    "pairs",
    [
        "zip(gradients, variables)",
        "list(zip([g + 0.1 * v for g, v in zip(gradients, variables)], variables))",
        "[(g, v) for v, g in zip(variables, gradients)]",
        # What was filtered may be anything.
        "filtered(zip(variables, gradients))",
    ],
)
def test_pairs_of_groups_in_their_order_are_silent(keep: str, pairs: str) -> None:
    assert linted(swapped_pairs, GROUPS.format(keep=keep, pairs=pairs)) == []


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize(
    "pairs",
    [
        "zip(variables, gradients)",
        "list(zip(variables, [g + 0.1 * v for g, v in zip(gradients, variables)]))",
        "[(v, g) for v, g in zip(variables, gradients)]",
    ],
)
def test_swapped_pairs_of_variables_that_are_not_known_one_by_one(keep: str, pairs: str) -> None:
    (finding,) = linted(swapped_pairs, GROUPS.format(keep=keep, pairs=pairs))
    assert finding.message.startswith("`optimizers[name].apply_gradients` is given variables")
