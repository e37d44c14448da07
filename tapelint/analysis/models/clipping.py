"""Clipping by the norm of all gradients: what comes out of it, one by one.

TensorFlow 2.21: `tf.clip_by_global_norm` answers new tensors and changes none, leaves a None as it
is and an `IndexedSlices` sparse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapelint.analysis import unread, updates
from tapelint.analysis.models.registry import models
from tapelint.analysis.observations import Misuse
from tapelint.analysis.values import Arguments, Const, NoGradient, Tuple, Union, Value

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

CLIP = "tf.clip_by_global_norm"


@models(CLIP, "tf.compat.v1.clip_by_global_norm")
def clip_by_global_norm(machine: Interpreter, args: Arguments) -> Value:
    """Run `tf.clip_by_global_norm(t_list, clip_norm, use_norm=None)`: the clipped list, the norm."""
    tensors = args.get(0, "t_list")
    known = None if tensors is None else machine.elements(tensors)
    if tensors is None or known is None:
        return machine.opaque_call(CLIP, args.values, args.place)
    machine.spend(tensors)
    given = args.get(2, "use_norm")
    everything = [*known.values, *([known.rest] if known.rest is not None else [])]
    norm: Value = (
        given
        if given is not None and given != Const(None)
        else machine.record(
            "tf.linalg.global_norm", [("t_list", v) for v in everything], args.place
        )
    )

    def clipped(value: Value) -> Value:
        match value:
            case NoGradient() | Const(value=None):
                return value
            case Union():
                return machine.join_all([clipped(option) for option in value.options])
            case _:
                inputs = [("t_list", value), ("clip_norm", args.get(1, "clip_norm") or norm)]
                return machine.record(CLIP, [*inputs, ("use_norm", norm)], args.place)

    rest = None if known.rest is None else clipped(known.rest)
    made = machine.sequence("list", [clipped(v) for v in known.values], rest)
    if any(updates.is_gradient(v) for v in everything):
        unread.expect_use(machine, made, args.place, Misuse.CLIPPED_UNUSED)
    return Tuple((made, norm))
