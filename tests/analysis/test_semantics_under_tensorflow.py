"""TensorFlow gives None where the programs of `semantics/` and `keras/` say so, and nowhere else."""

from __future__ import annotations

import importlib.util
import re

import pytest
from judge import contradiction, judge
from observed import Program, programs

IMPORT = re.compile(r"^\s*(?:import|from) (\w+)", re.MULTILINE)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.tensorflow,
    pytest.mark.skipif(
        importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
    ),
]


@pytest.mark.parametrize("program", [pytest.param(p, id=p.name) for p in programs()])
def test_tensorflow_agrees(program: Program) -> None:
    for module in IMPORT.findall(program.source):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")

    assert contradiction(program, judge(program)) is None
