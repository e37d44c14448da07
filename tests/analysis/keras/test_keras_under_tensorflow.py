"""TensorFlow gives None where the programs of this folder say so, and nowhere else."""

from __future__ import annotations

import importlib.util

import pytest
from judge import contradiction, judge
from observed import Program
from pages import programs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.tensorflow,
    pytest.mark.skipif(
        importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
    ),
]


@pytest.mark.parametrize("program", [pytest.param(p, id=p.name) for p in programs()])
def test_tensorflow_agrees(program: Program) -> None:
    assert contradiction(program, judge(program)) is None
