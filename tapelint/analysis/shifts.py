"""Exponents that have their own maximum taken off, as every stable softmax does."""

from __future__ import annotations

from tapelint.analysis.origins import MOVES, short
from tapelint.analysis.values import Data, Value


def is_shifted(exponent: Value | None, depth: int) -> bool:
    """Whether an exponent has its own maximum (or a logsumexp) taken off."""
    if not isinstance(exponent, Data) or depth > 6:
        return False
    node, name = exponent.node, short(exponent.node.op)
    if name in ("-", "subtract") and len(node.operands) == 2:
        shift = node.operands[1][1]
        if isinstance(shift, Data):
            behind = shift.node
            for _ in range(3):
                if short(behind.op) in (
                    "reduce_max",
                    "max",
                    "amax",
                    "reduce_logsumexp",
                    "logsumexp",
                    "maximum",
                ):
                    return True
                inner = behind.operands[0][1] if behind.operands else None
                if not isinstance(inner, Data) or short(behind.op) not in MOVES | {"stop_gradient"}:
                    break
                behind = inner.node
    return any(
        is_shifted(v, depth + 1)
        for _, v in node.operands
        if name in ("/", "*", "-", "+") or name in MOVES
    )
