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
    "weights": "they are called `variables` now",
    "get_weights": "ask `optimizer.variables`",
    "_decayed_lr": "read `optimizer.learning_rate`",
    "_set_hyper": "set `optimizer.learning_rate`",
    "_get_hyper": "read `optimizer.learning_rate`",
    "global_step": "leave it out: `optimizer.iterations` counts the steps",
}
LEFT_OUT = "leave it out"


WHATS = frozenset({"method", "argument", "attribute", "setting"})


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every use of an optimizer that raises or does nothing in Keras 3."""
    for span, found in distinct(observations, Outdated, lambda o: o.what in WHATS):
        is_argument = found.what == "argument"
        kind = "attribute" if found.what == "setting" else found.what
        step = Step(span, Role.BREAK, f"no such {kind} in Keras 3")
        gone = f"takes no {code(found.name + '=')}" if is_argument else f"has no {code(found.name)}"
        outcome = "changes nothing" if found.what == "setting" else "raises"
        named = found.place.text() if kind == "attribute" else called(found.place)
        message = f"{code(named)} {outcome}: an optimizer of Keras 3 {gone}"
        advice = HELP.get(found.name, TAPE if found.what == "method" else LEFT_OUT)
        yield RULE.finding(span, message, advice, (step,), is_likely=True)
