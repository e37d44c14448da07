"""TAP211: `predict` or a relative of it between source and target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.graph import Reason
from tapelint.analysis.observations import Observation
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import LONGEST_ADVICE_CODE, argument, called, code
from tapelint.checks.verdicts import Case, break_place, cut_by, groups
from tapelint.model import Finding

CODE = "TAP211"
RULE = Rule(CODE, "predict-in-tape")
IS_MINE = cut_by(Reason.PREDICT)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every `predict` that ends a gradient."""
    for group in groups(observations, IS_MINE, break_place):
        name = code(method(group.first))
        yield RULE.lost(
            group,
            why=f"cut here by {name}",
            at_break=f"{name} runs in a loop of its own and gives no tensors",
            help=advice(group.first),
        )


def method(case: Case) -> str:
    """Return the method as the user spelled it: `model.predict`."""
    node = case.broken.node
    return called(node.place) if node.place is not None else node.op


def advice(case: Case) -> str:
    """Write the call of the model."""
    node = case.broken.node
    model, _, last = method(case).rpartition(".")
    batch = argument(node.place.text()) if node.place is not None else ""
    if not last.startswith("predict"):
        return "compute the loss from `model(x, training=True)` with a function of `keras.losses`"
    call = f"{model or 'model'}({batch or 'x'}, training=True)"
    return f"call the model: {code(call, LONGEST_ADVICE_CODE)}"
