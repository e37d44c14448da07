"""Findings, put to a real tape: wrong ones first, which must never be confirmed."""

from __future__ import annotations

from pathlib import Path

import pytest
from witnesses import Program, evidence, finding, program

from tapelint.model import Confidence, Finding, Role, Severity, Step, Verdict
from tapelint.verify.runner import Runner
from tapelint.verify.verification import Options

pytestmark = pytest.mark.tensorflow

NONE = "the gradient of `y` with respect to `x` is None: cut here"
HEALTHY = """
    x = tf.Variable([2.0, 3.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(x**2)  # here
    slope = tape.gradient(y, x)
    print(float(y), np.argmax(x), int(y))
    """
CODES = (
    "TAP101 TAP102 TAP103 TAP104 TAP105 TAP106 TAP107 TAP108 TAP201 TAP202 TAP203 TAP204 TAP205 "
    "TAP206 TAP207 TAP208 TAP209 TAP210 TAP211 TAP212 TAP213 TAP214 TAP302 TAP303"
).split()


@pytest.mark.parametrize("code", CODES)
def test_a_wrong_finding_in_working_code_is_refuted(
    runner: Runner, tmp_path: Path, code: str
) -> None:
    made = program(tmp_path, HEALTHY)
    found = evidence(runner, made, finding(made, code, NONE, at=made.line()))
    assert found.verdict is Verdict.REFUTED
    assert found.seen[0].gave == "[4, 6]"
    assert (found.how, found.mode, found.assumptions) == ("the script", "eager", ())


WRONG_LINE = {
    "a log": ('print(f"{float(y):.2f}")  # here', "TAP202"),
    "a metric": ("mean = np.mean(x)  # here", "TAP201"),
    "a cast of labels": ("labels = tf.cast([1.0, 2.0], tf.int32)  # here", "TAP203"),
    "a counter": ("steps = tf.Variable(0); steps.assign_add(1)  # here", "TAP204"),
}


@pytest.mark.parametrize("name", WRONG_LINE)
def test_none_for_another_reason_is_not_confirmed(
    runner: Runner, tmp_path: Path, name: str
) -> None:
    line, code = WRONG_LINE[name]
    made = program(
        tmp_path,
        f"""
        x = tf.Variable([2.0, 3.0])
        with tf.GradientTape() as tape:
            y = tf.stop_gradient(tf.reduce_sum(x**2))
            {line}
        slope = tape.gradient(y, x)
        """,
    )
    found = evidence(runner, made, finding(made, code, NONE, at=made.line()))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "`StopGradient` at line 6 ends the gradient" in found.reason


def test_a_log_of_a_variable_that_is_never_used_is_not_to_blame(
    runner: Runner, tmp_path: Path
) -> None:
    made = program(
        tmp_path,
        """
        x, w = tf.Variable(2.0), tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = w * 2.0
            print(float(x), x.numpy(), np.mean(x))  # here
        slope = tape.gradient(y, x)
        """,
    )
    for code in ("TAP201", "TAP202"):
        found = evidence(runner, made, finding(made, code, NONE, at=made.line()))
        assert found.verdict is Verdict.INCONCLUSIVE
        assert "it never reaches the target" in found.reason


def test_the_right_finding_is_confirmed_with_what_came_out(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        x = tf.Variable([2.0, 3.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(np.square(x))  # here
        slope = tape.gradient(y, x)
        """,
    )
    found = evidence(runner, made, finding(made, "TAP201", NONE, at=made.line()))
    assert found.verdict is Verdict.CONFIRMED
    assert [(s.source, s.gave, s.line) for s in found.seen] == [("x", "None", 7)]
    assert all((found.tensorflow, found.keras, found.python, found.sandbox))
    assert found.seed == 7


def test_what_a_script_does_not_reach_is_replayed(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        def step(model, images, labels):
            with tf.GradientTape() as tape:
                scores = tf.keras.layers.Dense(3)(images)
                y = tf.reduce_mean(tf.cast(tf.argmax(scores, -1), tf.float32))  # here
            x = tape.watched_variables()
            return tape.gradient(y, x)
        """,
    )
    found = evidence(runner, made, finding(made, "TAP205", NONE, at=made.line()))
    assert found.verdict is Verdict.CONFIRMED
    assert found.how == "the function around it, with invented arguments"
    assert any("`images` is taken to be" in assumption for assumption in found.assumptions)


BY_TYPE = """
    def slope_of(f, x):
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(x**2)  # here
        return tape.gradient(y, x)
    """


def test_none_that_depends_on_a_guess_is_left_open(runner: Runner, tmp_path: Path) -> None:
    made = program(tmp_path, BY_TYPE)
    found = evidence(runner, made, finding(made, "TAP101", NONE, sources=("x",)))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reason == (
        "depends on the type of `x`: confirmed for a tensor, refuted for a variable"
    )


@pytest.mark.parametrize("code", ["TAP203", "TAP205", "TAP209"])
def test_a_value_in_one_world_only_refutes_nothing(
    runner: Runner, tmp_path: Path, code: str
) -> None:
    made = program(tmp_path, BY_TYPE)
    found = evidence(runner, made, finding(made, code, NONE, at=made.line(), sources=("x",)))
    assert found.verdict is Verdict.INCONCLUSIVE


CONVERTED = """
    @tf.function
    def doubled(t):
        return float(t) * 2.0  # here

    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = doubled(x)
    slope = tape.gradient(y, x)
    """
CONVERTED_STEP = """
    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = float(x) * 2.0  # here
        return tape.gradient(y, x)

    step(tf.constant(3.0))
    """


CONVERTED_TENSOR = CONVERTED.replace("float(t) * 2.0", "tf.constant(2.0) * float(t)")


@pytest.mark.parametrize(
    "text",
    [CONVERTED, CONVERTED_STEP, CONVERTED_TENSOR],
    ids=["outside", "inside", "with a tensor"],
)
def test_what_autograph_converts_is_judged_as_written(
    runner: Runner, tmp_path: Path, text: str
) -> None:
    made = program(tmp_path, text)
    found = evidence(runner, made, finding(made, "TAP202", NONE, at=made.line()))
    assert found.verdict is Verdict.REFUTED
    assert "as the program is written, in a graph" in found.reason


def test_what_is_cut_in_a_graph_too_is_confirmed(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        @tf.function
        def step(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.round(x) * 2.0  # here
            return tape.gradient(y, x)

        step(tf.constant(3.0))
        """,
    )
    found = evidence(runner, made, finding(made, "TAP205", NONE, at=made.line()))
    assert found.verdict is Verdict.CONFIRMED


def test_a_text_that_is_not_on_disk_is_judged_as_written(runner: Runner, tmp_path: Path) -> None:
    made = program(tmp_path, CONVERTED)
    made.path.write_text(made.text.replace("float(t)", "tf.round(t)"), encoding="utf-8")
    found = evidence(runner, made, finding(made, "TAP202", NONE, at=made.line()))
    assert found.verdict is Verdict.REFUTED


def test_a_missing_package_on_the_path_leaves_it_open(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        from nowhere import loss_of

        x = tf.Variable([2.0, 3.0])
        with tf.GradientTape() as tape:
            y = loss_of(x * 2.0)  # here
        slope = tape.gradient(y, x)
        """,
    )
    found = evidence(runner, made, finding(made, "TAP205", NONE, at=made.line()))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reason == "connected, if what stands in for `loss_of()` is differentiable"


def test_a_missing_package_off_the_path_does_not_matter(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        import plotting_of_nowhere as plots

        x = tf.Variable([2.0, 3.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.round(x))  # here
        plots.line(y.numpy())
        slope = tape.gradient(y, x)
        """,
    )
    found = evidence(runner, made, finding(made, "TAP205", NONE, at=made.line()))
    assert found.verdict is Verdict.CONFIRMED
    assert "ModuleNotFoundError" in found.assumptions[0]


def test_a_break_behind_code_that_was_not_run_is_confirmed(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        from nowhere import features

        x = tf.Variable([2.0, 3.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.round(features(x)))  # here
        slope = tape.gradient(y, x)
        """,
    )
    found = evidence(runner, made, finding(made, "TAP205", NONE, at=made.line()))
    assert found.verdict is Verdict.CONFIRMED
    assert found.reason == (
        "None comes out for `x`, and `Round` at line 8 ends the gradient, "
        "whatever `features()` would be"
    )


# What is not known may bring the gradient back, or be what ends it.
AROUND = {
    "beside the break": "y = tf.reduce_sum(tf.round(x)) + features(x)  # here",
    "beside the break, without arguments": "y = tf.reduce_sum(tf.round(x)) + features()  # here",
    "behind the break": "y = features(tf.round(x))  # here",
    "an attribute": "y = tf.reduce_sum(tf.round(x)) + tf.add_n(features.model.losses)  # here",
    "what ends it": "y = tf.reduce_sum(features(tf.argmax(x)))  # here",
    "a dtype that was guessed": "y = tf.reduce_sum(tf.cast(features(x), labels.dtype))  # here",
}


@pytest.mark.parametrize("name", AROUND)
def test_code_that_was_not_run_leaves_it_open(runner: Runner, tmp_path: Path, name: str) -> None:
    made = program(
        tmp_path,
        f"""
        from nowhere import features, labels

        def step(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                {AROUND[name]}
            return tape.gradient(y, x)
        """,
    )
    for code in ("TAP203", "TAP205", "TAP108"):
        found = evidence(runner, made, finding(made, code, NONE, at=made.line()))
        assert found.verdict is Verdict.INCONCLUSIVE


UNRELATED = {
    "two arguments": "def step(w, x):\n    y = tf.reduce_sum(x * x)\n    w = w",
    "a closure": "def step(w, closure):\n    y = closure()",
    "an attribute": "def step(model, x):\n    w = model.kernel\n    y = model(x)",
}


@pytest.mark.parametrize("name", UNRELATED)
def test_inputs_that_may_be_one_and_the_same_are_not_called_unrelated(
    runner: Runner, tmp_path: Path, name: str
) -> None:
    head, *body = UNRELATED[name].split("\n")
    text = f"""
{head}
    with tf.GradientTape() as tape:
        {"; ".join(line.strip() for line in body)}
    return tape.gradient(y, w)
"""
    made = program(tmp_path, text)
    for code in ("TAP107", "TAP108"):
        found = evidence(runner, made, finding(made, code, NONE))
        assert found.verdict is Verdict.INCONCLUSIVE


def test_unknown_code_that_is_given_the_tape_may_watch_for_it(
    runner: Runner, tmp_path: Path
) -> None:
    made = program(
        tmp_path,
        """
        from nowhere import watch_all

        x = tf.constant([2.0, 3.0])
        with tf.GradientTape() as tape:
            watch_all(tape, x)
            y = tf.reduce_sum(x * x)
        slope = tape.gradient(y, x)
        """,
    )
    found = evidence(runner, made, finding(made, "TAP101", NONE, sources=("x",)))
    assert found.verdict is not Verdict.CONFIRMED


def test_the_modules_of_the_project_are_run_and_named(runner: Runner, tmp_path: Path) -> None:
    helper = "import tensorflow as tf\n\n\ndef halve(value):\n    return tf.round(value / 2.0)\n"
    (tmp_path / "helper.py").write_text(helper, encoding="utf-8")
    made = program(
        tmp_path,
        """
        from helper import halve

        x = tf.Variable([2.0, 3.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(halve(x))
        slope = tape.gradient(y, x)
        """,
    )
    about = finding(made, "TAP205", NONE, at=5)
    elsewhere = Program(tmp_path / "helper.py", helper)
    blamed = elsewhere.whole(5)
    steps = tuple(
        step if step.role.value != "break" else type(step)(blamed, step.role, step.message)
        for step in about.steps
    )
    about = type(about)(
        about.code, about.name, about.message, blamed, about.severity, about.confidence, "", steps
    )
    found = evidence(runner, made, about)
    assert found.verdict is Verdict.CONFIRMED
    assert "`Round` at line 5" in found.reason


def test_a_long_training_is_cut_short(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        x = tf.Variable(2.0)
        for turn in range(10**9):
            with tf.GradientTape() as tape:
                y = tf.round(x)  # here
            slope = tape.gradient(y, x)
        """,
    )
    found = evidence(runner, made, finding(made, "TAP205", NONE, at=made.line()))
    assert found.verdict is Verdict.CONFIRMED


def test_a_wait_before_the_call_is_left_out(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        import time

        time.sleep(3600)
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = tf.round(x)  # here
        slope = tape.gradient(y, x)
        """,
    )
    found = evidence(runner, made, finding(made, "TAP205", NONE, at=made.line()))
    assert found.verdict is Verdict.CONFIRMED


def test_an_endless_loop_before_the_call_is_cut(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        n = 0
        while n >= 0:
            n += 1
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = tf.round(x)  # here
        slope = tape.gradient(y, x)
        """,
    )
    about = finding(made, "TAP205", NONE, at=made.line())
    found = evidence(runner, made, about, Options(seconds=4.0))
    assert found.verdict is Verdict.CONFIRMED


def test_an_exhausted_tape_is_confirmed_by_its_exception(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = x * x
        first = tape.gradient(y, x)
        second = tape.gradient(y, x)
        """,
    )
    about = finding(made, "TAP301", "`tape` is asked a second time, which raises", call=1)
    found = evidence(runner, made, about)
    assert found.verdict is Verdict.CONFIRMED
    assert found.reason == "`gradient` at line 8 raises RuntimeError"


def test_a_persistent_tape_refutes_that_it_is_exhausted(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        x = tf.Variable(2.0)
        with tf.GradientTape(persistent=True) as tape:
            y = x * x
        first = tape.gradient(y, x)
        second = tape.gradient(y, x)
        """,
    )
    about = finding(made, "TAP301", "`tape` is asked a second time, which raises", call=1)
    assert evidence(runner, made, about).verdict is Verdict.REFUTED


def about_nan(made: Program, code: str, line: int, source_line: int) -> Finding:
    """Return a finding about NaN: it points at an operation, and at no request."""
    span = made.whole(line)
    steps = (
        Step(made.whole(source_line), Role.SOURCE, "the gradient with respect to `x` is asked for"),
        Step(span, Role.BREAK, "this is NaN where its argument is zero"),
    )
    message = "the gradient of `tf.math.log(x)` is NaN where its argument is zero"
    return Finding(code, "rule", message, span, Severity.WARNING, Confidence.LIKELY, "help", steps)


GUARDED = """
    x = tf.Variable([{numbers}])
    with tf.GradientTape() as tape:
        log = tf.math.log({inside})  # here
        y = tf.reduce_sum(tf.where(x > 0.0, log, 0.0))
    slope = tape.gradient(y, x)
    """


def test_no_nan_at_some_input_refutes_nothing(runner: Runner, tmp_path: Path) -> None:
    made = program(tmp_path, GUARDED.format(numbers="1.0, 4.0", inside="x * x + 1.0"))
    found = evidence(runner, made, about_nan(made, "TAP506", made.line(), 4))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reason == "the gradient is finite for the inputs that were tried"


def test_nan_at_the_numbers_of_the_program_is_confirmed(runner: Runner, tmp_path: Path) -> None:
    made = program(tmp_path, GUARDED.format(numbers="0.0, 4.0", inside="x"))
    found = evidence(runner, made, about_nan(made, "TAP506", made.line(), 4))
    assert found.verdict is Verdict.CONFIRMED
    assert "`Log` at line 6 is where it goes wrong" in found.reason
    assert found.assumptions == ()


def test_nan_is_looked_for_at_the_input_that_makes_it(runner: Runner, tmp_path: Path) -> None:
    made = program(tmp_path, GUARDED.format(numbers="1.0, 4.0", inside="x"))
    found = evidence(runner, made, about_nan(made, "TAP506", made.line(), 4))
    assert found.verdict is Verdict.CONFIRMED
    assert found.reason.endswith("where `x` is filled with 0")
    assert found.assumptions[0] == "`x` is filled with 0"


# The value of a source, what is computed from it, and the input at which that goes wrong.
SOUGHT = {
    "a root of a difference": ("0.5", "tf.sqrt(2.25 - x * 1.5)", [1.5]),
    "a divisor": ("2.0", "1.0 / (x - 0.37)", [0.37]),
    "a logarithm of a line": (
        "[2.0, 1.0]",
        "tf.where(x < 3.0, tf.math.log(6.0 - 2.0 * x), 0.0)",
        [3.0, 1.0],
    ),
    "a distance": ("[2.0, 1.0]", "tf.norm(tf.tanh(x) - tf.tanh([0.5, 0.5]))", [0.5, 0.5]),
    "a bound": ("0.5", "tf.acos(x * 0.25)", [4.0]),
}


@pytest.mark.parametrize("name", SOUGHT)
def test_an_input_is_found_at_which_an_operation_is_singular(
    runner: Runner, tmp_path: Path, name: str
) -> None:
    value, formula, found_at = SOUGHT[name]
    made = program(
        tmp_path,
        f"""
        x = tf.Variable({value})
        with tf.GradientTape() as tape:
            y = {formula}  # here
        slope = tape.gradient(y, x)
        """,
    )
    found = evidence(runner, made, about_nan(made, "TAP503", made.line(), 4))
    assert found.verdict is Verdict.CONFIRMED
    (assumption,) = found.assumptions
    name, _, numbers = assumption.partition(" is filled with ")
    assert name == "`x`"
    assert [float(n) for n in numbers.strip("[]").split(", ")] == pytest.approx(found_at, abs=1e-5)
    assert found.reason.endswith(f"where {assumption}")
    assert "nan" in found.seen[0].gave or "inf" in found.seen[0].gave


NOT_SOUGHT = {
    "never zero": "tf.sqrt(x * x + 1.0)",
    "not that far away": "tf.sqrt(x + 1e8)",
    "zero where the gradient is finite": "tf.sqrt(x * x + 1.0) * 0.0",
    "a step": "tf.sqrt(2.0 + tf.round(x)) * 0.0 + x",
    "a custom gradient": "tf.custom_gradient(lambda v: (v - 3.0, lambda g: g))(x) * tf.sqrt(4.0 + x * x)",
}


@pytest.mark.parametrize("name", NOT_SOUGHT)
def test_what_no_input_shows_stays_open(runner: Runner, tmp_path: Path, name: str) -> None:
    made = program(
        tmp_path,
        f"""
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = {NOT_SOUGHT[name]}  # here
        slope = tape.gradient(y, x)
        """,
    )
    found = evidence(runner, made, about_nan(made, "TAP503", made.line(), 4))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reason == "the gradient is finite for the inputs that were tried"


def test_a_constraint_of_the_variable_is_kept(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        x = tf.Variable(2.0, constraint=lambda value: tf.maximum(value, 0.5))
        with tf.GradientTape() as tape:
            y = 1.0 / (x - 0.37)  # here
        slope = tape.gradient(y, x)
        """,
    )
    found = evidence(runner, made, about_nan(made, "TAP503", made.line(), 4))
    assert found.verdict is Verdict.INCONCLUSIVE


def test_an_input_of_an_operation_that_is_not_blamed_is_not_sought(
    runner: Runner, tmp_path: Path
) -> None:
    made = program(
        tmp_path,
        """
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            root = tf.sqrt(x * x + 1.0)  # here
            y = root + 1.0 / (x - 0.37)
        slope = tape.gradient(y, x)
        """,
    )
    found = evidence(runner, made, about_nan(made, "TAP503", made.line(), 4))
    assert found.verdict is Verdict.INCONCLUSIVE


def test_nan_of_another_operation_confirms_nothing(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        x = tf.Variable([0.0, 4.0])
        with tf.GradientTape() as tape:
            log = tf.math.log(x)
            safe = tf.math.log(x * x + 1.0)  # here
            y = tf.reduce_sum(tf.where(x > 0.0, log, 0.0) + safe)
        slope = tape.gradient(y, x)
        """,
    )
    found = evidence(runner, made, about_nan(made, "TAP506", made.line(), 4))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "`Log` at line 6" in found.reason
