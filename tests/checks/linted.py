"""What one check says of a program, through the whole analysis."""

from __future__ import annotations

from types import ModuleType

from tapelint.analysis.program import Program
from tapelint.analysis.stack import with_large_stack
from tapelint.analysis.syntax import Unit
from tapelint.model import Finding
from tapelint.source.read import SourceText

HEAD = "import tensorflow as tf\n"


def linted(check: ModuleType, text: str) -> list[Finding]:
    """Return the findings of a check on a program, whose first line imports TensorFlow."""
    unit = Unit(SourceText("program.py", HEAD + text))
    return list(check.check(with_large_stack(lambda: Program().run_module(unit.body))))


def under_tape(value: str, source: str) -> str:
    """Return a program that asks for the gradient of `value` with respect to `x`."""
    return (
        f"x = tf.Variable({source})\nwith tf.GradientTape() as tape:\n"
        f"    y = {value}\ng = tape.gradient(y, x)\n"
    )
