"""TAP101: sources that are on no tape."""

from __future__ import annotations

import pytest
from story import Story, all_findings, lost, lost_to

from tapelint.analysis.graph import Edge, Effect, Kind, Node, Reason
from tapelint.analysis.observations import Break, Cause
from tapelint.checks import unwatched_tensor
from tapelint.model import Confidence, Finding, Role

PROGRAM = """\
a, b = tf.constant(1.0), tf.constant(2.0)
with tf.GradientTape() as tape:
    y = a * b
    z = np.sum(y)
one = tape.gradient(y, a)
two = tape.gradient(y, [a, b])
"""


def constant(story: Story, value: str, label: str) -> Node:
    return story.tensor(f"tf.constant({value})", "tf.constant", label=label)


def find(*names: str, kind: Kind = Kind.TENSOR, likely: bool = False) -> list[Finding]:
    """Ask for the named sources, none of which is watched."""
    story = Story(PROGRAM)
    a, b = constant(story, "1.0", "a"), constant(story, "2.0", "b")
    a.kind = kind
    y = story.tensor("a * b", "*", a, b, label="y")
    sources = [node for node in (a, b) if node.label in names]
    missing = [
        lost(str(s.label), s, y, likely=likely, breaks=[Break(Cause.UNWATCHED, s)]) for s in sources
    ]
    call = "tape.gradient(y, a)" if len(names) == 1 else "tape.gradient(y, [a, b])"
    return list(unwatched_tensor.check([story.asked(call, y, *missing)]))


def test_a_variable_of_a_tape_that_watches_nothing_is_another_rule() -> None:
    story = Story(PROGRAM)
    a = constant(story, "1.0", "a")
    missing = lost_to(Cause.NOT_AUTO_WATCHED, "a", a)
    assert list(unwatched_tensor.check([story.asked("tape.gradient(y, a)", a, missing)])) == []


def test_the_finding_stands_at_the_request() -> None:
    (finding,) = find("a")
    assert finding.span.line == 5
    assert finding.message == (
        "the gradient of `y` with respect to `a` is None: the tape never watched it"
    )
    assert finding.help == ("call `tape.watch(a)` first in the `with`, or make `a` a `tf.Variable`")


def test_several_sources_of_one_request_are_one_finding_that_counts() -> None:
    (finding,) = find("a", "b")
    assert finding.message == (
        "the gradient of `y` is None for both sources (`a`, `b`): the tape never watched it"
    )
    assert "`tape.watch([a, b])`" in finding.help
    assert [s.role for s in finding.steps].count(Role.SOURCE) == 2


def test_an_array_cannot_be_watched_and_raises() -> None:
    (finding,) = find("a", kind=Kind.ARRAY)
    assert finding.message.endswith("with respect to `a` raises: no tape holds a NumPy array")
    assert "`tf.convert_to_tensor`" in finding.help


@pytest.mark.parametrize(
    ("likely", "confidence"), [(True, Confidence.LIKELY), (False, Confidence.CERTAIN)]
)
def test_evidence_about_an_unknown_is_only_likely(likely: bool, confidence: Confidence) -> None:
    (finding,) = find("a", likely=likely)
    assert finding.confidence is confidence


def test_a_cut_behind_the_source_is_a_finding_of_its_own() -> None:
    story = Story(PROGRAM)
    a = constant(story, "1.0", "a")
    z = story.tensor("np.sum(y)", "np.sum", Edge(a, Effect.CUT, Reason.NUMPY), label="z")
    breaks = [Break(Cause.UNWATCHED, a), Break(Cause.CUT, z, z.edges[0])]
    asked = story.asked("tape.gradient(y, a)", z, lost("a", a, z, breaks=breaks))
    assert [finding.code for finding in all_findings([asked])] == ["TAP201", "TAP101"]
