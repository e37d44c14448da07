"""Optimizers that divide gradients by a loss scale, and losses that were not multiplied by it.

Facts of Keras 3.15: `apply_gradients` and `apply` of a `LossScaleOptimizer` always divide by the
scale, 2 ** 15 unless it was given another; `scale_loss` multiplies by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tapelint.analysis.graph import Kind, Node, past
from tapelint.analysis.ir import Place
from tapelint.analysis.models.keras_config import config_of
from tapelint.analysis.observations import Misuse, UpdateMisused
from tapelint.analysis.values import Const, Data, External, Instance, Value

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

SCALING = frozenset(
    {"keras.mixed_precision.LossScaleOptimizer", "keras.optimizers.LossScaleOptimizer"}
)
USUAL = 2.0**15


def scale_of(machine: Interpreter, optimizer: Instance) -> float | None:
    """Return by what an optimizer divides; None where that is not known, or nothing."""
    if not isinstance(optimizer.cls, External) or optimizer.cls.name not in SCALING:
        return None
    arguments = config_of(machine, optimizer)
    if arguments is None or arguments.is_open or len(arguments.positional) > 1:
        return None
    given = arguments.keywords.get("initial_scale", Const(USUAL))
    others = set(arguments.keywords) - {"inner_optimizer", "initial_scale", "name"}
    if others & {"dynamic", "loss_scale_factor"} or not isinstance(given, Const):
        return None
    return float(given.value) if isinstance(given.value, int | float) else None


def examine(
    machine: Interpreter, optimizer: Instance, gradients: Iterable[Value], place: Place
) -> None:
    """Look for gradients, as a tape gave them, of a loss that nobody scaled."""
    scale = scale_of(machine, optimizer)
    if scale is None or scale == 1.0:
        return
    # A gradient that was computed with may have been multiplied by the scale itself.
    raw = [g for g in gradients if isinstance(g, Data) and g.node.gradient_of is not None]
    targets = [machine.answered.get(g.node, ()) for g in raw]
    if raw and all(found and is_unscaled(found, scale) for found in targets):
        label = next((node.label for found in targets for node in found if node.label), None)
        labels = () if label is None else (label,)
        asked = tuple(g.node.place for g in raw if g.node.place is not None)
        machine.observe(UpdateMisused(place, Misuse.UNSCALED, labels, "", asked))


def is_unscaled(targets: Sequence[Node], scale: float) -> bool:
    """Whether all that the targets were made from is known, and no scale is part of it."""
    for node in past(targets):
        if node.kind is Kind.UNKNOWN and node.op != "dataset element":
            return False
        if (
            node.op in ("scale_loss", "get_scaled_loss")
            or Const(scale) in dict(node.operands).values()
        ):
            return False
    return True
