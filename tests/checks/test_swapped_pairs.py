"""TAP401: variables where gradients belong."""

from __future__ import annotations

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
