"""What TensorFlow was seen to do: facts per callable, argument and output, from a shipped table.

Measured by `tools/knowledge`, never typed in; nothing here imports TensorFlow.
"""

from tapelint.analysis.knowledge.facts import (
    DTypeClass,
    Effect,
    Facts,
    Output,
    ResultKind,
    declared,
)
from tapelint.analysis.knowledge.names import canonical
from tapelint.analysis.knowledge.table import facts, is_known, measured_on, names

__all__ = [
    "DTypeClass",
    "Effect",
    "Facts",
    "Output",
    "ResultKind",
    "canonical",
    "declared",
    "facts",
    "is_known",
    "measured_on",
    "names",
]
