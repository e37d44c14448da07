"""TAP109: a symbolic Keras tensor is asked for a gradient or watched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation, RequestMisused
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import argument, called, code, request
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP109"
RULE = Rule(CODE, "symbolic-source")

WATCH = "symbolic watch"
KINDS = frozenset({"symbolic source", WATCH})
HELP = (
    "ask for the tensor that is fed to the model; for inner features build a model with two"
    " outputs, `keras.Model(model.inputs, [layer.output, model.output])`"
)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every request or watch that a KerasTensor makes raise."""
    for span, found in distinct(observations, RequestMisused, lambda o: o.what in KINDS):
        name = code(symbol(found))
        step = Step(span, Role.BREAK, f"{name} describes a graph and holds no value")
        message = f"{code(called(found.place))} raises: {name} is a symbolic Keras tensor"
        yield RULE.finding(span, message, HELP, (step,))


def symbol(found: RequestMisused) -> str:
    """Return what the user calls the KerasTensor."""
    text = found.place.text()
    written = argument(text) if found.what == WATCH else request(found.place).sources
    return written or found.label or "the source"
