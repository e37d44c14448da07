"""The steps of a finding: which are told, in which order, and where a chain is cut short."""

from __future__ import annotations

from story import Story, lost, lost_to

from tapelint.analysis.graph import DType, Edge, Effect, Kind, Node, Reason
from tapelint.analysis.observations import Break, Cause
from tapelint.checks.chain import MOST_STEPS, steps
from tapelint.checks.verdicts import Case, Group
from tapelint.model import Role, Step

PROGRAM = """\
def inner(v):
    return np.sum(v)
def outer(v):
    return inner(v) + 1.0
def train():
    w = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        a = w * 2.0
        loss = outer(a)
    return tape.gradient(loss, w)
train()
"""


def chain(story: Story, way: list[Node], stack: tuple[str, ...] = ()) -> list[Step]:
    """Return the steps of the first break of a way that ends at the target."""
    missing = lost("w", *way)
    asked = story.asked("tape.gradient(loss, w)", way[-1], missing, stack=stack)
    case = Case(asked, missing, missing.breaks[0])
    return list(steps(Group(asked.place.span(), (case,)), "it ends here"))


def told(found: list[Step]) -> list[tuple[int, str]]:
    return [(step.span.line, step.message) for step in found]


def test_the_calls_that_lead_into_a_helper_are_told_outermost_first() -> None:
    story = Story(PROGRAM)
    w = story.variable("tf.Variable(1.0)", "w")
    a = story.tensor("w * 2.0", "*", w, label="a")
    calls = (story.at("inner(v) "), story.at("outer(a)"), story.at("train()\n"))
    cut = story.cut("np.sum(v)", "np.sum", a, Reason.NUMPY, stack=calls)
    loss = story.tensor("inner(v) + 1.0", "+", cut, label="loss", stack=calls[1:])
    assert told(chain(story, [w, a, cut, loss], stack=("train()\n",))) == [
        (6, "`w` is a variable"),
        (8, "`a` is computed from it"),
        (9, "`outer` is called"),
        (4, "`inner` is called"),
        (2, "it ends here"),
        (4, "`loss` is the target"),
        (10, "`tape.gradient` answers None"),
    ]


def test_calls_that_the_request_shares_are_not_told() -> None:
    story = Story(PROGRAM)
    w = story.variable("tf.Variable(1.0)", "w")
    cut = story.cut("w * 2.0", "f", w, Reason.NUMPY, stack=(story.at("train()\n"),))
    found = chain(story, [w, cut], stack=("train()\n",))
    assert not any(step.message.endswith("is called") for step in found)


def test_parts_of_an_expression_are_not_told_apart() -> None:
    story = Story("w = v0\ny = tf.exp(w * 2.0 + 1.0)\nz = round(y)\ntape.gradient(loss, w)\n")
    w = story.variable("v0", "w")
    product = story.tensor("w * 2.0", "*", w)
    total = story.tensor("w * 2.0 + 1.0", "+", product)
    y = story.tensor("tf.exp(w * 2.0 + 1.0)", "tf.exp", total, label="y")
    z = story.cut("round(y)", "round", y, Reason.PYTHON, label="z")
    assert [m for _, m in told(chain(story, [w, product, total, y, z]))] == [
        "`w` is a variable",
        "`y` is computed from it",
        "it ends here",
        "`loss` is the target",
        "`tape.gradient` answers None",
    ]


def test_reads_and_branches_are_silent() -> None:
    story = Story(PROGRAM)
    w = story.variable("tf.Variable(1.0)", "w")
    read = story.tensor("w * 2.0", "[]", w)
    joined = story.tensor("outer(a)", "join", read, kind=Kind.JOIN)
    cut = story.cut("np.sum(v)", "np.sum", joined, Reason.NUMPY)
    roles = [step.role for step in chain(story, [w, read, joined, cut])]
    assert roles == [Role.SOURCE, Role.BREAK, Role.TARGET, Role.TAPE]


def test_a_second_turn_of_a_loop_is_told_once() -> None:
    story = Story(PROGRAM)
    w = story.variable("tf.Variable(1.0)", "w")
    first = story.tensor("w * 2.0", "*", w, label="a")
    second = story.tensor("w * 2.0", "*", first, label="a")
    cut = story.cut("np.sum(v)", "np.sum", second, Reason.NUMPY)
    messages = [m for _, m in told(chain(story, [w, first, second, cut]))]
    assert messages.count("`a` is computed from it") == 1


def test_a_long_way_is_cut_short_in_the_middle_and_keeps_its_calls() -> None:
    lines = [f"x{i} = f{i}(x{i - 1})" for i in range(1, 13)]
    story = Story("\n".join(["x0 = tf.Variable(1.0)", *lines, "tape.gradient(loss, w)"]))
    way = [story.variable("tf.Variable(1.0)", "w")]
    call = story.at("x12")
    for i in range(1, 12):
        way.append(story.tensor(f"f{i}(x{i - 1})", f"f{i}", way[-1], label=f"x{i}"))
    way.append(story.cut("f12(x11)", "f12", way[-1], Reason.OP, label="x12", stack=(call,)))
    messages = [m for _, m in told(chain(story, way)) if m.startswith("`x") or "called" in m]
    assert messages == [
        "`x1` is computed from it",
        "`x2` is computed from it",
        "`x3` is computed from it",
        "`x10` is computed from it",
        "`x11` is computed from it",
        "`x12` is called",
    ]
    assert len(messages) == MOST_STEPS


def test_a_second_cut_is_told_as_a_step() -> None:
    story = Story(PROGRAM)
    w = story.variable("tf.Variable(1.0)", "w")
    one = story.cut("w * 2.0", "np.exp", w, Reason.NUMPY, label="a")
    two = story.cut("outer(a)", "np.sum", one, Reason.NUMPY)
    loss = story.tensor("np.sum(v)", "f", two)
    assert (
        "`np.sum` would end the gradient as well"
        in dict(told(chain(story, [w, one, two, loss]))).values()
    )


def test_what_follows_from_an_integer_is_no_second_cut() -> None:
    story = Story(PROGRAM)
    w = story.variable("tf.Variable(1.0)", "w")
    one = story.cut("w * 2.0", "tf.argmax", w, Reason.OP, label="a", dtype=DType.INT)
    two = story.cut("outer(a)", "tf.not_equal", one, Reason.THRESHOLD, label="wrong")
    loss = story.tensor("np.sum(v)", "f", two)
    messages = [m for _, m in told(chain(story, [w, one, two, loss]))]
    assert "`wrong` is computed from it" in messages


def test_a_source_without_a_place_has_no_step() -> None:
    story = Story(PROGRAM)
    w = Node("variable", Kind.VARIABLE, DType.FLOAT, None, label="w")
    cut = story.cut("np.sum(v)", "np.sum", w, Reason.NUMPY)
    assert chain(story, [w, cut])[0].role is Role.BREAK


def test_at_most_three_sources_are_shown() -> None:
    story = Story("a, b, c, d = v1, v2, v3, v4\ntape.gradient(y, all)\n")
    nodes = [story.variable(f"v{i}", name) for i, name in enumerate("abcd", start=1)]
    missing = [lost_to(Cause.UNCONNECTED, str(n.label), n) for n in nodes]
    asked = story.asked("tape.gradient(y, all)", None, *missing)
    cases = tuple(Case(asked, one, one.breaks[0]) for one in missing)
    found = steps(Group(asked.place.span(), cases), "")
    assert [s.role for s in found].count(Role.SOURCE) == 3


def test_a_source_is_described() -> None:
    story = Story(PROGRAM)
    cut = Edge(Node("x", Kind.TENSOR, DType.FLOAT, None), Effect.CUT, Reason.OP)
    for node, message in [
        (story.variable("tf.Variable(1.0)", "w", dtype=DType.INT), "`w` is an integer variable"),
        (
            story.variable("tf.Variable(1.0)", "w", trainable=False),
            "`w` is a variable that is not trainable",
        ),
        (story.tensor("w * 2.0", "f", dtype=DType.BOOL), "`w` is a bool tensor"),
        (story.tensor("w * 2.0", "f"), "`w` is a tensor, which no tape watches by itself"),
        (story.tensor("w * 2.0", "f", kind=Kind.ARRAY), "`w` is a NumPy array"),
        (story.tensor("w * 2.0", "parameter", kind=Kind.UNKNOWN), "`w` is a parameter"),
    ]:
        missing = lost("w", node, breaks=[Break(Cause.UNWATCHED, node, cut)])
        asked = story.asked("tape.gradient(loss, w)", None, missing)
        found = steps(Group(asked.place.span(), (Case(asked, missing, missing.breaks[0]),)), "")
        assert found[0].message == message
