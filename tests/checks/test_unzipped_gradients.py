"""TAP403: gradients without their variables."""

from __future__ import annotations

import pytest
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
