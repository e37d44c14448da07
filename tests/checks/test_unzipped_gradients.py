"""TAP403: gradients without their variables."""

from __future__ import annotations

import pytest
from linted import linted
from story import update

from tapelint.analysis.observations import Misuse
from tapelint.checks import unzipped_gradients


def test_a_used_up_zip_is_another_rule() -> None:
    text = "optimizer.apply_gradients(pairs)"
    assert update(unzipped_gradients, text, Misuse.EXHAUSTED) == []


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("opt.apply_gradients(grads)", "opt.apply_gradients(zip(grads, variables))"),
        ("opt.apply_gradients(grads, m.weights)", "opt.apply_gradients(zip(grads, m.weights))"),
    ],
)
def test_the_pairs_are_written_out(text: str, pairs: str) -> None:
    (finding,) = update(unzipped_gradients, text, Misuse.UNZIPPED)
    assert finding.message == (
        "`opt.apply_gradients` is given gradients without their variables, which raises"
    )
    assert finding.help == f"pair them: `{pairs}`"


def test_one_pair_is_no_list_of_pairs() -> None:
    (finding,) = update(unzipped_gradients, "opt.apply_gradients((grad, image))", Misuse.ONE_PAIR)
    assert "given one pair and not a list of pairs" in finding.message
    assert finding.help == "pair them: `opt.apply_gradients([(grad, image)])`"


STEP = """
a, b, c = (tf.keras.Variable(float(n)) for n in range(3))
optimizer = tf.keras.optimizers.SGD(0.1)
weights = [a, b, c]
with tf.GradientTape() as tape:
    loss = a * b + c
grads = tape.gradient(loss, weights)
optimizer.apply_gradients({given})
"""


@pytest.mark.parametrize(
    "given",
    [
        "zip(grads, weights)",
        "zip(*[grads, weights])",
        "list(map(list, zip(grads, weights)))",
        "[[g, w] for g, w in zip(grads, weights)]",
        "[[grads[0], a], [grads[1], b]]",
        "((grads[0], a), (grads[1], b))",
        "[(grads[0], a), (tf.zeros(()), b)]",
        "[(grads[i], weights[i]) for i in range(3)]",
        "zip([g for g in [grads, weights][0]], [grads, weights][1])",
    ],
)
def test_pairs_of_any_make_are_pairs(given: str) -> None:
    assert linted(unzipped_gradients, STEP.format(given=given)) == []


@pytest.mark.parametrize(
    ("given", "pairs"),
    [
        ("[grads, weights]", "zip(grads, weights)"),
        ("(grads, weights)", "zip(grads, weights)"),
        ("[grads[:2], (a, b)]", "zip(grads[:2], (a, b))"),
        ("[[grads[2]], [c]]", "zip([grads[2]], [c])"),
        ("[list(grads), weights]", "zip(list(grads), weights)"),
        ("grads_and_vars=[grads, weights]", "zip(gradients, variables)"),
    ],
)
def test_a_list_of_two_lists_is_no_list_of_pairs(given: str, pairs: str) -> None:
    (finding,) = linted(unzipped_gradients, STEP.format(given=given))
    assert "is given a pair of lists and not a list of pairs" in finding.message
    assert finding.help == f"pair them: `optimizer.apply_gradients({pairs})`"


def test_two_lists_under_a_name_are_unpacked_into_zip() -> None:
    text = STEP.replace("optimizer.apply", "update = [grads, weights]\noptimizer.apply")
    (finding,) = linted(unzipped_gradients, text.format(given="update"))
    assert finding.help == "pair them: `optimizer.apply_gradients(zip(*update))`"


def test_two_lists_whose_length_is_not_known() -> None:
    text = """
def step(x, n):
    weights = [tf.Variable(float(i)) for i in range(n)]
    with tf.GradientTape() as tape:
        loss = tf.add_n([w * x for w in weights])
    grads = tape.gradient(loss, weights)
    tf.keras.optimizers.Adam().apply_gradients([grads, weights])
"""
    (finding,) = linted(unzipped_gradients, text)
    assert "a pair of lists" in finding.message
