"""The message of a lost source: names, counts, and what gives way when it gets too long."""

from __future__ import annotations

import pytest
from story import Story, lost_to

from tapelint.analysis.graph import Node
from tapelint.analysis.observations import Cause
from tapelint.checks.findings import headline
from tapelint.checks.naming import names_as_code
from tapelint.checks.phrasing import LONGEST_MESSAGE
from tapelint.checks.verdicts import Case, Group

CALLS = """\
tape
tape.gradient(loss, w)
tape.gradient(loss, ws)
tape.gradient(tf.reduce_mean(loss), [a, b])
again.gradient(other, w)
"""


def group(*requests: tuple[str, list[str], int], target: str = "loss") -> Group:
    """Lose the labelled sources of each request, which asks for so many."""
    story = Story(CALLS + "\n".join(f"v{i}x" for i in range(20)))
    cases: list[Case] = []
    for call, labels, asked_for in requests:
        missing = [
            lost_to(Cause.UNCONNECTED, label, story.variable(f"v{i}x", label or None))
            for i, label in enumerate(labels)
        ]
        node: Node = story.tensor("tape", "f", label=target or None)
        asked = story.asked(call, node, *missing, asked=asked_for)
        cases += [Case(asked, one, one.breaks[0]) for one in missing]
    return Group(cases[0].asked.place.span(), tuple(cases))


ONE, LIST, INLINE = (
    "tape.gradient(loss, w)",
    "tape.gradient(loss, ws)",
    "tape.gradient(tf.reduce_mean(loss), [a, b])",
)


def test_one_source_is_named_as_in_the_call() -> None:
    found = headline(group((ONE, ["kernel"], 1)), "why")
    assert found == "the gradient of `loss` with respect to `w` is None: why"


def test_a_target_without_a_name_is_left_out() -> None:
    found = headline(group((INLINE, ["a"], 2), target=""), "why")
    assert found == "the gradient with respect to `a` is None: why"


@pytest.mark.parametrize(
    ("labels", "asked", "whom"),
    [
        (["a", "b"], 2, "both sources (`a`, `b`)"),
        (["a", "b"], 5, "2 of 5 sources (`a`, `b`)"),
        (["a", "b", "c"], 3, "all 3 sources (`a`, `b`, ...)"),
        (["a", "b", "c"], 8, "3 of 8 sources (`a`, `b`, ...)"),
        # The variable of a loop tells its elements not apart.
        (["v", "v"], 2, "both sources in `ws`"),
        (["", "", ""], 9, "3 of 9 sources in `ws`"),
    ],
)
def test_several_sources_are_counted(labels: list[str], asked: int, whom: str) -> None:
    found = headline(group((LIST, labels, asked)), "why")
    assert found == f"the gradient of `loss` is None for {whom}: why"


def test_the_same_source_of_two_runs_is_counted_once() -> None:
    found = headline(group((LIST, ["a"], 3), (LIST, ["a"], 3)), "why")
    assert found == "the gradient of `loss` with respect to `a` is None: why"


def test_a_request_for_one_source_has_one_whatever_came_to_it() -> None:
    runs = ((ONE, [name], 1) for name in ("first", "second"))
    found = headline(group(*runs), "why")
    assert found == "the gradient of `loss` with respect to `w` is None: why"


def test_requests_with_different_targets_name_none() -> None:
    found = headline(group((ONE, ["w"], 1), ("again.gradient(other, w)", ["w"], 1)), "why")
    assert found == "the gradient with respect to `w` is None: why"


@pytest.mark.parametrize(
    "beginning",
    [
        "the gradient of `loss` with respect to `w` is None: ",
        "the gradient with respect to `w` is None: ",
        "the gradient of `loss` is None: ",
        "the gradient is None: ",
    ],
)
def test_a_long_reason_drops_the_target_first(beginning: str) -> None:
    why = "y" * (LONGEST_MESSAGE - len(beginning))
    assert headline(group((ONE, ["w"], 1)), why) == beginning + why


@pytest.mark.parametrize(
    "beginning",
    [
        "the gradient of `loss` is None for 2 of 5 sources (`a`, `b`): ",
        "the gradient is None for 2 of 5 sources (`a`, `b`): ",
        "the gradient of `loss` is None for 2 of 5 sources: ",
        "the gradient is None for 2 of 5 sources: ",
        "the gradient is None: ",
    ],
)
def test_a_long_reason_drops_the_names_before_the_count(beginning: str) -> None:
    why = "y" * (LONGEST_MESSAGE - len(beginning))
    assert headline(group((LIST, ["a", "b"], 5)), why) == beginning + why


@pytest.mark.parametrize(
    ("call", "labels", "code"),
    [
        (ONE, ["kernel"], "w"),
        (LIST, ["a", "b"], "[a, b]"),
        (LIST, ["self.a"], "self.a"),
        # Keras names its weights by paths, and loops name all elements alike.
        (LIST, ["dense/kernel", "dense/bias"], "ws"),
        (LIST, ["v", "v"], "ws"),
        (LIST, [""], "ws"),
    ],
)
def test_advice_speaks_of_sources_in_python(call: str, labels: list[str], code: str) -> None:
    count = 1 if call == ONE else 5
    assert names_as_code(group((call, labels, count))) == code
