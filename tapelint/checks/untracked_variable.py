"""TAP110: a variable of a Keras object is not among its `trainable_variables`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import Observation, RequestMisused
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import called, code, fitting
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP110"
RULE = Rule(CODE, "untracked-variable")

# Of a part that its holder does not track: what it is, and whose business that would be.
PARTS = {
    "plain object": ("a plain object", "Keras"),
    "module in a Keras object": ("a `tf.Module`", "Keras"),
    "Keras layer in a module": ("a Keras layer", "a `tf.Module`"),
    "plain object in a module": ("a plain object", "a `tf.Module`"),
}
KINDS = frozenset({"untracked variable", "layer made in call", *PARTS})
# They ask for `trainable_variables` themselves.
TRAINERS = frozenset({"fit", "fit_generator", "train_on_batch", "train_step"})
OF_VARIABLE = "use `self.add_weight(...)` or `keras.Variable`, or say `trainable=False`"
OF_PART = {
    "Keras": "base its class on `keras.layers.Layer`, or ask for its variables as well",
    "a `tf.Module`": "base the class that holds it on `keras.Model`, or ask for its variables as well",
}
OF_LAYER = "make the layer in `__init__` or `build`, and keep it as an attribute"


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every place that makes what training passes over."""
    for span, found in distinct(observations, RequestMisused, lambda o: o.what in KINDS):
        made = code(called(found.place))
        if found.what == "untracked variable":
            name = code(f"self.{found.label}")
            message = fitting(
                f"{name} is a `tf.Variable`, which Keras does not track: it is never trained",
                "a `tf.Variable` is not tracked by Keras: it is never trained",
            )
            help, sentence = OF_VARIABLE, "a `tf.Variable`: only a `keras.Variable` is tracked"
        elif found.what in PARTS:
            kind, holder = PARTS[found.what]
            part = code(f"self.{found.label}")
            message = fitting(
                f"{part} is {kind}, which {holder} does not track: it is never trained",
                f"{kind} is not tracked by {holder}: it is never trained",
            )
            help, sentence = OF_PART[holder], f"{kind}: what is in it is not tracked"
        else:
            message = fitting(
                f"{made} is made anew in each `call`: its weights are never trained",
                "a layer is made anew in each `call`: its weights are never trained",
            )
            help, sentence = OF_LAYER, f"{made} makes new weights in each call"
        steps = [Step(span, Role.SOURCE, sentence)]
        if found.tape is not None:
            asked = "`trainable_variables` leaves it out here"
            if called(found.tape).rpartition(".")[2] in TRAINERS:
                asked = "`trainable_variables`, which are trained here, leave it out"
            steps.append(Step(found.tape.span(), Role.TARGET, asked))
        yield RULE.finding(span, message, help, tuple(steps))
