"""TAP702: what optimizers had before Keras 3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation, Outdated
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import called, code
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP702"
RULE = Rule(CODE, "minimize-removed")
TAPE = "ask a `tf.GradientTape` for the gradients and hand them to `apply_gradients`"
HELP = {
    "get_scaled_loss": "it is called `scale_loss` now",
    "get_unscaled_gradients": "leave it out: `apply_gradients` divides by the scale itself",
    "aggregate_gradients": "leave it out: `apply_gradients` sums over replicas itself",
    "_aggregate_gradients": "leave it out: `apply_gradients` sums over replicas itself",
    "lr": "it is called `learning_rate` now",
    "global_step": "leave it out: `optimizer.iterations` counts the steps",
}
LEFT_OUT = "leave it out"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every use of an optimizer that raises in Keras 3."""
    for span, found in distinct(observations, Outdated, lambda o: o.what in ("method", "argument")):
        is_method = found.what == "method"
        step = Step(span, Role.BREAK, f"no such {found.what} in Keras 3")
        gone = f"has no {code(found.name)}" if is_method else f"takes no {code(found.name + '=')}"
        message = f"{code(called(found.place))} raises: an optimizer of Keras 3 {gone}"
        advice = HELP.get(found.name, TAPE if is_method else LEFT_OUT)
        yield RULE.finding(span, message, advice, (step,), is_likely=True)
