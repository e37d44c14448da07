"""TAP108: sources that the target was made without."""

from __future__ import annotations

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
