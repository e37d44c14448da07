"""TAP108: sources that the target was made without."""

from __future__ import annotations

import pytest
from linted import linted
from story import Story, lost_to

from tapelint.analysis.graph import Edge, Effect, Node, Reason
from tapelint.analysis.observations import Cause
from tapelint.checks import unconnected_source
from tapelint.model import Finding

PROGRAM = """\
cat, dog = tf.Variable(1.0), tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = cat**2
gradients = tape.gradient(loss, [cat, dog])
"""


class Heads:
    """The program, and its values."""

    def __init__(self) -> None:
        self.story = Story(PROGRAM)
        self.cat = self.story.variable("tf.Variable(1.0)", "cat")
        self.dog = self.story.variable("tf.Variable(2.0)", "dog")

    def loss(self, *parents: Node | Edge) -> Node:
        return self.story.tensor("cat**2", "**", *parents, label="loss")

    def check(self, *runs: tuple[Node, str, Node]) -> list[Finding]:
        """Ask for both sources, once for each target and the source that it leaves out."""
        sources = [self.cat, self.dog]
        return list(
            unconnected_source.check(
                [
                    self.story.asked(
                        "tape.gradient(loss, [cat, dog])",
                        target,
                        lost_to(Cause.UNCONNECTED, label, source),
                        asked=2,
                        sources=sources,
                    )
                    for target, label, source in runs
                ]
            )
        )


def test_sources_that_take_turns_are_all_used() -> None:
    heads = Heads()
    runs = (heads.loss(heads.cat), "dog", heads.dog), (heads.loss(heads.dog), "cat", heads.cat)
    assert heads.check(*runs) == []


def test_a_source_that_no_turn_uses_is_unused() -> None:
    heads = Heads()
    run = heads.loss(heads.cat), "dog", heads.dog
    (finding,) = heads.check(run, run)
    assert finding.message == (
        "the gradient of `loss` with respect to `dog` is None: it never reaches the target"
    )
    assert finding.help == "use `dog` in the computation of `loss`, or do not ask for it"
    assert finding.span.line == 4


def test_a_source_of_which_only_the_shape_is_used() -> None:
    heads = Heads()
    shape = Edge(heads.dog, Effect.CUT, Reason.VALUE_FREE)
    (finding,) = heads.check((heads.loss(heads.cat, shape), "dog", heads.dog))
    assert finding.message.endswith("`dog` is None: only its shape is used")


def test_a_source_that_only_decides_a_branch() -> None:
    heads = Heads()
    condition = heads.story.tensor(
        "tf.Variable(2.0)", ">", Edge(heads.dog, Effect.CUT, Reason.CONTROL)
    )
    (finding,) = heads.check((heads.loss(heads.cat, condition), "dog", heads.dog))
    assert finding.message.endswith("`dog` is None: it only decides a branch")


TRAINED = """\
import keras
x, y = tf.ones((4, 3)), tf.zeros((4, 1))
make = lambda: keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)])


class Trainer:
    def __init__(self):
        self.model, self.head, self.optimizer = make(), make(), keras.optimizers.SGD(0.1)
        self.parameters = self.model.trainable_variables

    def train(self):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.model(x) - y) ** 2)
        gradients = tape.gradient(loss, self.parameters)
        {use}

    def renew(self):
        {renewal}


trainer = Trainer()
trainer.train()
trainer.renew()
trainer.train()
"""
APPLIED = "self.optimizer.apply_gradients(zip(gradients, self.parameters))"
EXPECTED = "print([g is None for g in gradients])"
NEW = "self.model = make()"
BOTH = "self.model = keras.Sequential([self.model, self.head])"


@pytest.mark.parametrize(
    ("renewal", "use"),
    [
        ("self.model.set_weights(make().get_weights())", APPLIED),
        (f"{NEW}\n        self.parameters = self.model.trainable_variables", APPLIED),
        ("self.optimizer = keras.optimizers.SGD(0.01)", APPLIED),
        ("self.model = keras.Sequential([self.model, make()])", APPLIED),
        ("self.model = make() if unknown else self.model", APPLIED),
        # Some of the sources have their turn in each run.
        (
            f"self.parameters += self.head.trainable_variables\n        {NEW}\n        {BOTH}",
            APPLIED,
        ),
        # Whoever asks whether there is a gradient knows that there may be none.
        (NEW, EXPECTED),
    ],
)
def test_a_model_that_is_trained_again_is_silent(renewal: str, use: str) -> None:
    assert linted(unconnected_source, TRAINED.format(renewal=renewal, use=use)) == []


@pytest.mark.parametrize(
    "renewal", [NEW, "self.model = keras.models.clone_model(self.model)", "self.model = self.head"]
)
def test_the_variables_of_the_model_before_are_found(renewal: str) -> None:
    (finding,) = linted(unconnected_source, TRAINED.format(renewal=renewal, use=APPLIED))
    assert finding.message == (
        "the gradient of `loss` is None for all 4 sources: it never reaches the target"
    )
