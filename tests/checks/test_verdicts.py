"""Which breaks are reported, what they are grouped by, and what the request answers."""

from __future__ import annotations

import pytest
from story import Story, lost, lost_to

from tapelint.analysis.graph import DType, Edge, Effect, Kind, Node, Reason
from tapelint.analysis.observations import Break, Cause, TapeExhausted, TapeMisused
from tapelint.checks.verdicts import Outcome, break_place, cases, cut_by, groups, telling

PROGRAM = """\
x = tf.constant(1.0)
a, b = tf.Variable(1.0), tf.Variable(2.0)
with tf.GradientTape() as tape:
    one = np.mean(a)
    two = tf.round(one)
    loss = two * b
first = tape.gradient(loss, [a, b])
second = tape.gradient(loss, a)
"""


@pytest.fixture
def story() -> Story:
    return Story(PROGRAM)


def node(dtype: DType = DType.FLOAT, kind: Kind = Kind.TENSOR) -> Node:
    return Node("op", kind, dtype, None)


def cut(
    parent: Node, child: Node, effect: Effect = Effect.CUT, reason: Reason = Reason.OP
) -> Break:
    return Break(Cause.CUT, child, Edge(parent, effect, reason))


def test_what_happens_to_an_integer_is_a_consequence_of_its_becoming_one() -> None:
    source, chosen, compared = node(), node(DType.INT), node(DType.BOOL)
    breaks = [cut(source, chosen), cut(chosen, compared, reason=Reason.THRESHOLD)]
    assert telling(breaks) == (breaks[0],)


def test_an_integer_source_is_reported_once_however_it_is_used() -> None:
    source, gathered = node(DType.INT), node()
    breaks = [Break(Cause.BLOCKED_DTYPE, source), cut(source, gathered)]
    assert telling(breaks) == (breaks[0],)


def test_a_second_cut_is_not_reported() -> None:
    source, one, two = node(), node(), node()
    breaks = [cut(source, one, reason=Reason.NUMPY), cut(one, two)]
    assert telling(breaks) == (breaks[0],)


def test_what_is_computed_outside_behind_a_cut_is_not_reported() -> None:
    source, one, two = node(), node(), node()
    breaks = [cut(source, one, reason=Reason.NUMPY), Break(Cause.OUTSIDE, two, Edge(one))]
    assert telling(breaks) == (breaks[0],)


def test_a_cut_inside_an_opaque_function_is_that_function_s() -> None:
    story = Story("tf.py_function(lambda a: a.numpy(), [x], tf.float32)")
    call = story.at("tf.py_function(lambda a: a.numpy(), [x], tf.float32)")
    source = node()
    inner = Node("numpy", Kind.ARRAY, DType.FLOAT, story.at("a.numpy()"), stack=(call,))
    outer = Node("tf.py_function", Kind.TENSOR, DType.FLOAT, call)
    breaks = [
        cut(source, inner, reason=Reason.PYTHON),
        cut(inner, outer, Effect.ZEROS, Reason.OPAQUE),
    ]
    assert telling(breaks) == (breaks[1],)


def test_an_unwatched_source_and_a_cut_are_two_verdicts() -> None:
    source, one, two = node(), node(), node()
    breaks = [
        Break(Cause.UNWATCHED, source),
        cut(source, one, reason=Reason.NUMPY),
        cut(one, two),
    ]
    assert telling(breaks) == (breaks[0], breaks[1])


def test_a_request_that_raises_has_no_other_verdict(story: Story) -> None:
    a = story.variable("tf.Variable(1.0)", "a")
    one = story.cut("np.mean(a)", "np.mean", a, Reason.NUMPY)
    request = story.asked("tape.gradient(loss, a)", one, lost("a", a, one))
    tape, earlier = story.at("tf.GradientTape()"), story.at("tape.gradient(loss, [a, b])")
    exhausted = TapeExhausted(request.place, "gradient", earlier, tape, False)
    misused = TapeMisused(request.place, "never entered", tape)
    assert list(cases([exhausted, request])) == []
    assert list(cases([misused, request])) == []


def test_an_earlier_turn_of_a_request_that_raises_later_keeps_its_verdict(story: Story) -> None:
    a = story.variable("tf.Variable(1.0)", "a")
    one = story.cut("np.mean(a)", "np.mean", a, Reason.NUMPY)
    request = story.asked("tape.gradient(loss, a)", one, lost("a", a, one))
    place = request.place
    again = TapeExhausted(place, "gradient", place, story.at("tf.GradientTape()"), True)
    assert len(list(cases([request, again, request]))) == 1


def test_sources_that_one_line_costs_their_gradient_are_one_group(story: Story) -> None:
    a, b = story.variable("tf.Variable(1.0)", "a"), story.variable("tf.Variable(2.0)", "b")
    one = story.tensor(
        "np.mean(a)",
        "np.mean",
        Edge(a, Effect.CUT, Reason.NUMPY),
        Edge(b, Effect.CUT, Reason.NUMPY),
    )
    both = story.asked("tape.gradient(loss, [a, b])", one, lost("a", a, one), lost("b", b, one))
    again = story.asked("tape.gradient(loss, a)", one, lost("a", a, one))
    (group,) = groups([both, again], cut_by(Reason.NUMPY), break_place)
    assert [case.lost.label for case in group.cases] == ["a", "b", "a"]


def test_groups_come_in_the_order_of_the_file(story: Story) -> None:
    a = story.variable("tf.Variable(1.0)", "a")
    one = story.cut("np.mean(a)", "np.mean", a, Reason.NUMPY)
    two = story.cut("tf.round(one)", "tf.round", a, Reason.NUMPY)
    requests = [
        story.asked("tape.gradient(loss, a)", two, lost("a", a, two)),
        story.asked("tape.gradient(loss, [a, b])", one, lost("a", a, one)),
    ]
    for order in (requests, requests[::-1]):
        found = list(groups(order, cut_by(Reason.NUMPY), break_place))
        assert [group.span.line for group in found] == [4, 5]


def test_a_group_is_likely_only_if_nothing_in_it_is_certain(story: Story) -> None:
    a = story.variable("tf.Variable(1.0)", "a")
    one = story.cut("np.mean(a)", "np.mean", a, Reason.NUMPY)
    likely = story.asked("tape.gradient(loss, a)", one, lost("a", a, one, likely=True))
    certain = story.asked("tape.gradient(loss, [a, b])", one, lost("a", a, one))
    (group,) = groups([likely], cut_by(Reason.NUMPY), break_place)
    assert group.is_likely
    (group,) = groups([likely, certain], cut_by(Reason.NUMPY), break_place)
    assert not group.is_likely


@pytest.mark.parametrize(
    ("effects", "outcome"),
    [
        ([Effect.CUT], Outcome.NONE),
        ([Effect.ZEROS], Outcome.ZERO),
        ([Effect.RAISES], Outcome.RAISES),
        # The backward pass starts at the target, and never comes to what is behind a None.
        ([Effect.RAISES, Effect.CUT], Outcome.NONE),
        ([Effect.ZEROS, Effect.CUT], Outcome.NONE),
        ([Effect.CUT, Effect.ZEROS], Outcome.NONE),
        ([Effect.CUT, Effect.RAISES], Outcome.RAISES),
        ([Effect.RAISES, Effect.ZEROS], Outcome.RAISES),
    ],
)
def test_the_last_break_before_the_target_decides_the_answer(
    story: Story, effects: list[Effect], outcome: Outcome
) -> None:
    way = [story.variable("tf.Variable(1.0)", "a")]
    for effect, fragment in zip(effects, ["np.mean(a)", "tf.round(one)"], strict=False):
        way.append(story.tensor(fragment, "op", Edge(way[-1], effect, Reason.OP)))
    (case,) = cases([story.asked("tape.gradient(loss, a)", way[-1], lost("a", *way))])
    assert case.outcome is outcome


def test_an_unwatched_source_is_none_even_where_an_operation_would_raise(story: Story) -> None:
    x = story.tensor("tf.constant(1.0)", "tf.constant", label="x")
    one = story.tensor("tf.round(one)", "tf.round", Edge(x, Effect.RAISES, Reason.OP))
    breaks = [Break(Cause.UNWATCHED, x), Break(Cause.CUT, one, one.edges[0])]
    asked = story.asked("tape.gradient(loss, a)", one, lost("x", x, one, breaks=breaks))
    assert [case.outcome for case in cases([asked])] == [Outcome.NONE, Outcome.NONE]


def test_a_batch_jacobian_answers_zeros_where_a_gradient_is_none(story: Story) -> None:
    a = story.variable("tf.Variable(1.0)", "a")
    asked = story.asked(
        "tape.gradient(loss, a)", a, lost_to(Cause.UNCONNECTED, "a", a), method="batch_jacobian"
    )
    (case,) = cases([asked])
    assert case.outcome is Outcome.ZERO


@pytest.mark.parametrize("kind", [Kind.ARRAY, Kind.PYTHON])
def test_a_target_that_is_no_tensor_raises(story: Story, kind: Kind) -> None:
    a = story.variable("tf.Variable(1.0)", "a")
    one = story.cut("np.mean(a)", "np.mean", a, Reason.NUMPY, kind=kind)
    (case,) = cases([story.asked("tape.gradient(loss, a)", one, lost("a", a, one))])
    assert case.outcome is Outcome.RAISES
