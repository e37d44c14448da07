"""Shapes and dtypes of arrays that are drawn and indexed: what is said of them is what NumPy answers."""

from __future__ import annotations

import numpy as np
import pytest

from tapelint.analysis.graph import DType
from tapelint.analysis.program import Program
from tapelint.analysis.stack import with_large_stack
from tapelint.analysis.syntax import Unit
from tapelint.analysis.values import Data
from tapelint.source.read import SourceText

SETUP = """\
import numpy as np
rng = np.random.default_rng(0)
a = rng.normal(size=(6, 3))
cube = rng.uniform(size=(4, 5, 6))
i = rng.integers(0, 4, size=5)
grid = rng.integers(0, 4, size=(2, 3))
"""
CLASSES = {"f": DType.FLOAT, "i": DType.INT, "b": DType.BOOL, "U": DType.STRING}


def said(expression: str) -> Data:
    """Return what the analysis knows of an expression."""
    program = Program()
    unit = Unit(SourceText("program.py", f"{SETUP}made = {expression}\n"))
    with_large_stack(lambda: program.run_module(unit.body))
    value = program.state.cells[(program.globals, "made")]
    assert isinstance(value, Data)
    return value


def answered(expression: str) -> np.ndarray:
    """Return what NumPy makes of an expression."""
    names: dict[str, np.ndarray] = {}
    exec(f"{SETUP}made = np.asarray({expression})", names)
    return names["made"]


@pytest.mark.parametrize(
    "expression",
    [
        "a[a[:, 0] > 0.0]",
        "a[np.nonzero(a[:, 0])[0]]",
        "a[[True, False, True, True, False, False]]",
        "cube[i, :, 0]",
        "cube[0, :, i]",
        "rng.choice(a, 2, axis=1)",
        "rng.choice(np.load(path), 3)",
        "a[np.int64(0)]",
        "a[:, ...]",
    ],
)
def test_what_depends_on_numbers_or_on_a_file_is_left_open(expression: str) -> None:
    assert said(expression).shape is None


@pytest.mark.parametrize(
    "expression",
    [
        "a[i]",
        "a[i][:, 0]",
        "a[i, 0]",
        "a[:, [0, 2]]",
        "a[[1, 2]]",
        "a[grid]",
        "a[i, [0, 1, 2, 0, 1]]",
        "a[i, i % 3]",
        "a[1:4]",
        "a[:-1]",
        "a[::2, 1:]",
        "a[4:100]",
        "a[None, i]",
        "a[i, None]",
        "a[0]",
        "cube[0, :, 1]",
        "cube[:, i]",
        "cube[:, :, [0]]",
        "cube[:, 1, i]",
        "a[rng.permutation(6)]",
        "a[rng.permutation(6)[:2]]",
        "a[np.argsort(a[:, 0])]",
        "rng.choice(6, 4, replace=False)",
        "rng.choice(6, size=(4, 2))",
        "rng.choice(6)",
        "rng.choice([0.5, 1.5], 3)",
        "rng.choice(a)",
        "rng.choice(a, 4)",
        "rng.choice(a[:, 0], 4)",
        "rng.permutation(a)",
        "rng.permutation(6)",
        "np.random.permutation(a)",
        "np.random.permutation(6)",
        "np.random.choice(a[:, 0], 4)",
        "np.random.choice(6, 4)",
        "np.random.choice([0.5, 1.5])",
        "rng.normal(a[0], 1.0)",
        "rng.normal(0.0, 1.0)",
        "rng.normal(*[0.0, 1.0])",
        "np.random.normal(loc=a[:, 0])",
        "np.random.normal(0.0, 1.0, 5)",
        "rng.integers(9)",
        "rng.random((2, 3))",
        "np.random.rand(2, 3)",
        "np.random.randn()",
        "np.random.randint(0, 9, 4)",
        "rng.standard_normal(4).astype('float32')[i % 4]",
    ],
)
def test_what_is_sure_is_what_numpy_answers(expression: str) -> None:
    value, real = said(expression), answered(expression)
    assert value.shape == real.shape
    assert value.dtype is CLASSES[real.dtype.kind]
