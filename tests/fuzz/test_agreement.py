"""Random programs: what tapelint says of a gradient is what TensorFlow gives.

`python -m tests.fuzz 2000` compares any number of them.
"""

from __future__ import annotations

import importlib.util

import pytest

from tests.fuzz.programs import generate

PROGRAMS = 300
# Of the gradients that are None, so many may go unreported: branches that no analysis can decide.
MISSED = 0.02

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None,
    reason="TensorFlow is not installed: only a real tape can say what is None",
)


def test_a_seed_gives_one_program() -> None:
    assert generate(7) == generate(7)
    assert generate(7) != generate(8)


@pytest.mark.tensorflow
@needs_tensorflow
def test_no_connected_source_is_called_lost_and_few_lost_ones_are_missed() -> None:
    from tests.fuzz.verdicts import compare

    ran = nothing = 0
    false: list[int] = []
    missed: list[int] = []
    for seed in range(PROGRAMS):
        found = compare(seed, generate(seed))
        if found is None:
            continue
        ran += 1
        nothing += found.lost
        false += [one.seed for one in found.disagreements if one.is_false_alarm]
        missed += [one.seed for one in found.disagreements if not one.is_false_alarm]
    assert ran > 0.9 * PROGRAMS
    assert not false
    assert len(missed) <= MISSED * nothing, missed
