"""From what was seen to a verdict: what must not be said stands first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tapelint.model import Confidence, Finding, Role, Severity, Span, Step, Verdict
from tapelint.verify.claims import claim_of
from tapelint.verify.judgement import Judgement
from tapelint.verify.observed import Asked, Break, Place, Raised, Run, Source, Update
from tapelint.verify.verdict import Judge, joined

PATH = "/work/train.py"
TEXT = "\n" * 8 + "g = tape.gradient(loss, [a, b])\n"
CALL = Span("train.py", 9, 5, 9, 32)
BLAMED = Span("train.py", 5, 1, 5, 20)
JUDGE = Judge(lambda shown: f"/work/{shown}")


def finding(code: str = "TAP203", message: str = "the gradient is None: cut here") -> Finding:
    """Return a finding that blames line 5 for the request on line 9."""
    steps = (
        Step(Span("train.py", 2, 1, 2, 9), Role.SOURCE, "`a` is a variable"),
        Step(BLAMED, Role.BREAK, "the gradient ends"),
        Step(CALL, Role.TAPE, "`tape.gradient` answers None"),
    )
    return Finding(code, "rule", message, BLAMED, Severity.ERROR, Confidence.CERTAIN, "", steps)


def broken(line: int, **changes: object) -> Break:
    """Return a break on a line."""
    made = Break("Cast", "operation", ((PATH, line),), "int32", "", False)
    return replace(made, **changes)  # type: ignore[arg-type]


def source(outcome: str = "none", index: int = 0, **changes: object) -> Source:
    """Return what came out for one source: None, because of line 5."""
    made = Source(
        index=index,
        outcome=outcome,
        value="",
        kind="variable",
        name="a",
        dtype="float32",
        type="EagerTensor",
        is_trainable=True,
        is_symbolic=False,
        made=((PATH, 2),),
        made_kind="state",
        is_late=False,
        is_mixed=False,
        cause="cut" if outcome == "none" else "unknown",
        could_flow=outcome == "value",
        breaks=(broken(5),) if outcome == "none" else (),
        culprits=(),
        behind=(),
        exits=(),
        invented=(),
        replaced=(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def asked(*sources: Source, **changes: object) -> Asked:
    """Return the request on line 9."""
    made = Asked(
        method="gradient",
        turn=1,
        place=Place(PATH, 9, 5, 9, 32),
        frames=((PATH, 9),),
        is_persistent=False,
        is_recording=False,
        tape_asked=1,
        tape_made=((PATH, 3),),
        target_kind="tensor",
        error_type="",
        error_message="",
        is_zero_asked=False,
        sources=sources,
        assumed=0,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def run(*requests: Asked, **changes: object) -> Run:
    """Return a run that came to its end."""
    made = Run("ended", 0.1, "full", asked=requests)
    return replace(made, **changes)  # type: ignore[arg-type]


def raised(line: int, **changes: object) -> Raised:
    """Return an exception on a line."""
    made = Raised("TypeError", ("TypeError",), "NoneType and float", ((PATH, line),), False)
    return replace(made, **changes)  # type: ignore[arg-type]


def judged(found: Run, about: Finding | None = None) -> Judgement:
    """Judge a finding by a run."""
    about = about or finding()
    return JUDGE.judge(claim_of(about, {"train.py": TEXT}), found)


NOT_CONFIRMED = {
    "another line ends the gradient": source(breaks=(broken(6),)),
    "a caller of the line is blamed": source(breaks=(broken(6, frames=((PATH, 6), (PATH, 5))),)),
    "the same line of another file": source(breaks=(broken(5, frames=(("/work/b.py", 5),)),)),
    "nothing shows why": source(breaks=(), cause="unknown"),
    "the tape watches nothing": source(breaks=(), cause="unwatched"),
    "a step on the way was not run": source(replaced=("loss_fn()",)),
    "the source was invented too late": source(is_late=True),
    "zeros come out": source("zero"),
    "nan comes out": source("nan"),
    "an error came in between": source("error"),
    "a value comes out": source("value"),
    "a value comes out of a stand-in": source("value", replaced=("loss_fn()",)),
}
NOT_REFUTED = {
    "a stand-in lies on the way": source("value", replaced=("loss_fn()",)),
    "zeros come out": source("zero"),
    "None comes out for another reason": source(breaks=(broken(6),)),
    "an error came in between": source("error"),
}


@pytest.mark.parametrize("name", NOT_CONFIRMED)
def test_it_is_not_confirmed_when(name: str) -> None:
    assert judged(run(asked(NOT_CONFIRMED[name]))).verdict is not Verdict.CONFIRMED


@pytest.mark.parametrize("name", NOT_REFUTED)
def test_it_is_not_refuted_when(name: str) -> None:
    assert judged(run(asked(NOT_REFUTED[name]))).verdict is not Verdict.REFUTED


def test_zeros_that_were_asked_for_decide_nothing() -> None:
    found = run(asked(source("zero"), is_zero_asked=True))
    assert judged(found).verdict is Verdict.INCONCLUSIVE


def test_a_call_without_sources_decides_nothing() -> None:
    assert judged(run(asked())).verdict is Verdict.INCONCLUSIVE


def test_another_call_decides_nothing() -> None:
    found = run(asked(source(), place=Place(PATH, 7, 1, 7, 9), frames=((PATH, 7),)))
    judgement = judged(found)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert not judgement.was_reached


def test_a_second_call_on_the_line_is_another_call() -> None:
    other = asked(source(), place=Place(PATH, 9, 40, 9, 60))
    assert judged(run(other, asked(source("value")))).verdict is Verdict.REFUTED


def test_what_was_never_reached_says_what_stopped_the_program() -> None:
    judgement = judged(run(raised=(raised(3),)))
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.reason == (
        "line 9 is not reached: line 3 raises TypeError (NoneType and float)"
    )


def test_a_run_that_took_too_long_refutes_nothing_it_did_not_reach() -> None:
    judgement = judged(run(fate="timed out", seconds=20.0))
    assert judgement.reason == "line 9 is not reached: the run took longer than 20 seconds"


def test_none_for_the_reason_given_is_confirmed() -> None:
    judgement = judged(run(asked(source())))
    assert judgement.verdict is Verdict.CONFIRMED
    assert judgement.reason == "None comes out for `a`, and `Cast` at line 5 ends the gradient"
    assert [(seen.source, seen.gave) for seen in judgement.seen] == [("a", "None")]


@pytest.mark.parametrize("name", ["array", "numpy"])
def test_a_conversion_that_nobody_wrote_is_not_named(name: str) -> None:
    found = run(asked(source(breaks=(broken(5, name=name, kind="plain"),))))
    assert (
        judged(found).reason == "None comes out for `a`, and the value leaves TensorFlow at line 5"
    )


def test_a_value_is_told_once_however_often_it_comes() -> None:
    values = [asked(source("value", value=str(turn)), turn=turn) for turn in range(1, 12)]
    none = asked(source("none"), source("none", 1, name="b"), turn=12)
    told = [(seen.source, seen.gave, seen.turn) for seen in judged(run(*values, none)).seen]
    assert told == [("a", "1", 1), ("a", "None", 12), ("b", "None", 12)]


def test_sources_that_are_written_as_one_are_told_by_their_names() -> None:
    text = TEXT.replace("[a, b]", "model.weights")
    claim = claim_of(finding(), {"train.py": text})
    sources = [source("none", 0, name="dense/kernel"), source("none", 1, name="Variable")]
    place = Place(PATH, 9, 5, 9, 38)
    found = JUDGE.judge(claim, run(asked(*sources, place=place)))
    assert [seen.source for seen in found.seen] == ["dense/kernel", "model.weights[1]"]


def test_what_is_not_a_value_is_told_where_there_is_much() -> None:
    names = [f"s{number}" for number in range(12)]
    sources = [source("value", number, name=names[number]) for number in range(11)]
    seen = judged(run(asked(*sources, source("none", 11, name="s11")))).seen
    assert (len(seen), seen[-1].gave) == (8, "None")


def test_none_for_another_source_leaves_it_open() -> None:
    found = run(asked(source("value", 0), source("none", 1)))
    assert judged(found).verdict is Verdict.INCONCLUSIVE


def test_none_for_one_of_several_sources_is_confirmed() -> None:
    found = run(asked(source("none", 0), source("value", 1)))
    assert judged(found).verdict is Verdict.CONFIRMED


def test_a_later_turn_may_confirm() -> None:
    judgement = judged(run(asked(source("value")), asked(source(), turn=2)))
    assert judgement.verdict is Verdict.CONFIRMED
    assert "in turn 2" in judgement.reason


def test_a_real_gradient_refutes() -> None:
    judgement = judged(run(asked(source("value", value="[6]"))))
    assert judgement.verdict is Verdict.REFUTED
    assert judgement.reason == "a real gradient comes out"


def test_a_source_that_is_rebound_later_is_not_refuted_by_its_first_turn() -> None:
    about = finding("TAP104")
    found = run(asked(source("value")), raised=(raised(9),))
    assert judged(found, about).verdict is Verdict.INCONCLUSIVE


def test_a_rebound_name_is_confirmed_where_it_was_bound() -> None:
    about = finding("TAP104")
    elsewhere = source(cause="unwatched", breaks=(), made=((PATH, 2),))
    here = source(cause="unwatched", breaks=(), made=((PATH, 5),))
    assert judged(run(asked(elsewhere)), about).verdict is Verdict.INCONCLUSIVE
    assert judged(run(asked(here)), about).verdict is Verdict.CONFIRMED


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("TAP101", "unwatched"),
        ("TAP102", "not trainable"),
        ("TAP103", "dtype"),
        ("TAP105", "late watch"),
        ("TAP106", "not auto-watched"),
        ("TAP107", "unused"),
        ("TAP108", "unused"),
    ],
)
def test_a_rule_about_the_source_needs_its_own_cause(code: str, cause: str) -> None:
    right = judged(run(asked(source(cause=cause, breaks=()))), finding(code))
    wrong = judged(run(asked(source(cause="cut"))), finding(code))
    assert (right.verdict, wrong.verdict) == (Verdict.CONFIRMED, Verdict.INCONCLUSIVE)


def test_a_metric_may_be_blamed_where_it_is_read() -> None:
    written = source(breaks=(broken(4),), behind=(broken(5),))
    assert judged(run(asked(written)), finding("TAP212")).verdict is Verdict.CONFIRMED
    assert judged(run(asked(written)), finding("TAP203")).verdict is Verdict.INCONCLUSIVE


REQUEST = finding("TAP301", "`tape` is asked a second time, which raises")


def test_an_exception_elsewhere_confirms_nothing() -> None:
    found = run(raised=(raised(6, message="boom"),))
    assert judged(found, REQUEST).verdict is Verdict.INCONCLUSIVE


def test_an_exception_after_something_was_invented_confirms_nothing() -> None:
    found = run(raised=(raised(5, message="shapes differ", is_invented=True),))
    assert judged(found, REQUEST).verdict is Verdict.INCONCLUSIVE


def test_an_exception_about_the_tape_holds_whatever_was_invented() -> None:
    message = "A non-persistent GradientTape can only be used to compute one set of gradients"
    found = run(raised=(raised(5, message=message, is_invented=True),))
    assert judged(found, REQUEST).verdict is Verdict.CONFIRMED


def test_a_line_that_runs_without_the_exception_refutes() -> None:
    found = run(executed=frozenset({(PATH, 5)}))
    assert judged(found, REQUEST).verdict is Verdict.REFUTED


def test_a_line_that_does_not_run_refutes_nothing() -> None:
    assert judged(run(), REQUEST).verdict is Verdict.INCONCLUSIVE


CLIPPED = finding("TAP405", "`tf.clip_by_norm` raises: a gradient is None")


def test_none_behind_which_nothing_raises_is_open() -> None:
    found = run(asked(source()), executed=frozenset({(PATH, 5)}))
    assert judged(found, CLIPPED).verdict is Verdict.INCONCLUSIVE


def test_none_and_the_exception_behind_it_are_confirmed() -> None:
    judgement = judged(run(asked(source()), raised=(raised(5),)), CLIPPED)
    assert judgement.verdict is Verdict.CONFIRMED
    assert judgement.reason == "None comes out, and line 5 raises TypeError"


SWAPPED = finding("TAP402", "`zip` gives variables the gradients of others")


@pytest.mark.parametrize(
    ("is_own", "verdict"), [(True, Verdict.REFUTED), (False, Verdict.CONFIRMED)]
)
def test_a_variable_moved_by_a_gradient_tells_whose_it_is(is_own: bool, verdict: Verdict) -> None:
    update = Update("w", ("b",), is_own, ((PATH, 5),), False)
    assert judged(run(updates=(update,)), SWAPPED).verdict is verdict


UNUSED = finding("TAP406", "the gradients of `tape.gradient` are never applied")


def test_a_program_that_was_stopped_does_not_show_that_nothing_moves() -> None:
    found = run(asked(source("value")), is_cut=True)
    assert judged(found, UNUSED).verdict is Verdict.INCONCLUSIVE


def test_a_program_in_which_nothing_moves_confirms_unused_gradients() -> None:
    assert judged(run(asked(source("value"))), UNUSED).verdict is Verdict.CONFIRMED


def test_a_rule_that_no_run_decides_stays_open() -> None:
    about = finding("TAP307", "the gradient sums the target")
    assert judged(run(asked(source())), about).verdict is Verdict.INCONCLUSIVE


CONFIRMED = Judgement(Verdict.CONFIRMED, "None comes out", is_invented=True)
REFUTED = Judgement(Verdict.REFUTED, "a real gradient comes out", is_invented=True)
FAILED = Judgement(Verdict.INCONCLUSIVE, "not reached", was_reached=False)


def test_worlds_that_disagree_leave_it_open() -> None:
    both = joined(CONFIRMED, REFUTED, "`w`")
    assert both.verdict is Verdict.INCONCLUSIVE
    assert both.reason == (
        "depends on the type of `w`: confirmed for a tensor, refuted for a variable"
    )


def test_one_world_alone_does_not_decide_about_an_invented_source() -> None:
    assert joined(CONFIRMED, FAILED, "`w`").verdict is Verdict.INCONCLUSIVE


def test_one_world_alone_decides_where_the_source_is_real() -> None:
    real = replace(CONFIRMED, is_invented=False)
    assert joined(FAILED, real, "`w`").verdict is Verdict.CONFIRMED


def test_worlds_that_agree_decide() -> None:
    assert joined(CONFIRMED, CONFIRMED, "`w`").verdict is Verdict.CONFIRMED
    assert joined(REFUTED, REFUTED, "`w`").verdict is Verdict.REFUTED


def test_what_rounding_leaves_of_zeros_decides_nothing() -> None:
    about = finding("TAP215", "the gradient of `y` is zero: `tf.nn.softmax` is over one element")

    for total, verdict in ((1e-7, Verdict.INCONCLUSIVE), (0.5, Verdict.REFUTED)):
        assert judged(run(asked(source("value", total=total))), about).verdict is verdict


def test_a_variable_that_is_taken_from_its_gradient_is_moved_by_it_all_the_same() -> None:
    about = finding("TAP401", "`lr * g - w` takes the variable from its gradient")

    assert judged(run(asked(source("value"))), about).verdict is Verdict.INCONCLUSIVE
