"""What comes out as a graph, under XLA, and a second time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from witnesses import Program, evidence, finding, last, program, run

from tapelint import cli
from tapelint.model import Evidence, ModeAnswer, Verdict
from tapelint.report.verification import paragraphs
from tapelint.verify.observed import Run
from tapelint.verify.request import Mode, Request
from tapelint.verify.runner import Runner
from tapelint.verify.verification import Options

pytestmark = pytest.mark.tensorflow
ALL = (Mode.EAGER, Mode.GRAPH, Mode.XLA)
MASKED = """
x = tf.Variable([0.0, 4.0])
with tf.GradientTape() as tape:
    y = tf.reduce_sum(tf.where(x > 0, {operation}(x), 0.0))  # here
tape.gradient(y, x)
"""
CUSTOM = """
@tf.custom_gradient
def careful(x):
    return tf.sqrt(x), lambda upstream: upstream * {number}

x = tf.Variable(4.0)
with tf.GradientTape() as tape:
    y = careful(x) * 2.0  # here
tape.gradient(y, x)
"""


def judged(runner: Runner, made: Program, code: str = "TAP502") -> Evidence:
    """Return the evidence of a finding about NaN on the marked line, in all modes."""
    found = finding(made, code, "the gradient is NaN", at=made.line(), sources=("x",))
    return evidence(runner, made, found, Options(seconds=60.0, modes=ALL))


def test_a_masked_root_is_nan_under_xla_alone(runner: Runner, tmp_path: Path) -> None:
    shown = judged(runner, program(tmp_path, MASKED.format(operation="tf.sqrt")))
    assert shown.verdict is Verdict.DIFFERS
    assert shown.modes == (
        ModeAnswer("eager", "[0, 0.25]"),
        ModeAnswer("graph", "[0, 0.25]"),
        ModeAnswer("xla", "[nan, 0.25]"),
    )
    assert shown.reason == (
        "for `x` comes out [0, 0.25] eager, [0, 0.25] in a graph, [nan, 0.25] under XLA"
    )


def test_a_difference_elsewhere_says_nothing_of_a_finding(runner: Runner, tmp_path: Path) -> None:
    text = MASKED.format(operation="tf.sqrt").replace("  # here", "")
    made = program(tmp_path, text + "z = tf.math.log(x)  # here\n")
    assert judged(runner, made).verdict is Verdict.INCONCLUSIVE


def test_nan_in_all_modes_is_confirmed(runner: Runner, tmp_path: Path) -> None:
    shown = judged(runner, program(tmp_path, MASKED.format(operation="tf.math.log")))
    assert shown.verdict is Verdict.CONFIRMED
    assert {answer.gave for answer in shown.modes} == {"[nan, 0.25]"}


def test_an_attribute_that_python_calls_otherwise_is_given(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        x = tf.Variable([[[1.0, 4.0]]])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.squeeze(x * x, axis=[1]) * [[1.0, 2.0]])
        tape.gradient(y, x)
        """,
    )
    asked = last(run(runner, made, modes=(Mode.GRAPH, Mode.XLA)))
    assert [mode.error for mode in asked.modes] == ["", ""]
    assert [mode.answers[0][2] for mode in asked.modes] == [asked.sources[0].value] * 2


def test_a_difference_is_told_once() -> None:
    reason = "for `x` comes out [0] eager, [nan] under XLA"
    modes = (ModeAnswer("eager", "[0]"), ModeAnswer("xla", "[nan]"))
    told = list(paragraphs(Evidence(Verdict.DIFFERS, reason, modes=modes)))
    assert told == [f"differs by mode: {reason}"]
    told = list(paragraphs(Evidence(Verdict.CONFIRMED, "nan comes out", modes=modes)))
    assert "by mode: eager [0], xla [nan]" in told


def test_only_one_mode_is_not_told_of(runner: Runner, tmp_path: Path) -> None:
    made = program(tmp_path, MASKED.format(operation="tf.math.log"))
    found = finding(made, "TAP502", "the gradient is NaN", at=made.line(), sources=("x",))
    assert evidence(runner, made, found).modes == ()


def test_what_xla_cannot_compile_could_not_run(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        x = tf.Variable(tf.ones((1, 4, 4, 1)))
        with tf.GradientTape() as tape:
            cut = tf.image.crop_and_resize(x, [[0.0, 0.0, 1.0, 1.0]], [0], (2, 2))
            y = tf.reduce_sum(tf.math.log(cut - 1.0))  # here
        tape.gradient(y, x)
        """,
    )
    shown = judged(runner, made)
    assert shown.verdict is not Verdict.DIFFERS
    eager, graph, xla = shown.modes
    assert eager.gave == graph.gave
    assert xla.gave.startswith("could not run (")


@pytest.mark.parametrize("number", ["0.0", "3.0"])
def test_a_custom_gradient_is_not_compared(runner: Runner, tmp_path: Path, number: str) -> None:
    made = program(tmp_path, CUSTOM.format(number=number))
    found = run(runner, made, modes=(Mode.GRAPH, Mode.XLA))
    assert [mode.answers for mode in last(found).modes] == [(), ()]
    assert all(mode.error for mode in last(found).modes)


def test_a_model_gives_the_same_in_all_modes(runner: Runner, tmp_path: Path) -> None:
    made = program(
        tmp_path,
        """
        model = tf.keras.Sequential(
            [tf.keras.layers.LayerNormalization(), tf.keras.layers.Dense(3, activation="gelu")]
        )
        with tf.GradientTape() as tape:
            y = tf.reduce_mean(model(tf.ones((2, 4))) ** 2)
        tape.gradient(y, model.trainable_variables)
        """,
    )
    asked = last(run(runner, made, modes=(Mode.GRAPH, Mode.XLA)))
    graph, xla = asked.modes
    assert (graph.error, xla.error) == ("", "")
    assert [value for _, _, value in graph.answers] == [s.value for s in asked.sources]
    assert [o for _, o, _ in xla.answers] == [s.outcome for s in asked.sources]


class Other(Runner):
    """Runs everything that is done twice with another seed the second time."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.installation = runner.installation

    def run(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Run]]:
        """Run each request, and answer for the one that was asked."""
        for request in requests:
            asked = replace(request, seed=8) if request.is_second else request
            for _, found in self.runner.run([asked]):
                yield request, found


RANDOM = """
chosen = np.random.default_rng().random() if {fresh} else np.random.rand()
x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = tf.round(x) if chosen < 0.5 else x * 2.0  # here
tape.gradient(y, x)
"""


def test_an_answer_that_changes_is_none(runner: Runner, tmp_path: Path) -> None:
    made = program(tmp_path, RANDOM.format(fresh=False))
    found = finding(made, "TAP201", "the gradient is None", at=made.line(), sources=("x",))
    assert evidence(runner, made, found).verdict is Verdict.CONFIRMED
    shown = evidence(Other(runner), made, found)
    assert shown.verdict is Verdict.INCONCLUSIVE
    assert shown.reason.startswith("flaky: None comes out for `x`")


def test_what_a_program_leaves_to_chance_is_the_same_each_time(
    runner: Runner, tmp_path: Path
) -> None:
    made = program(
        tmp_path,
        """
        x = tf.Variable(np.random.default_rng().random(2))
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(x * np.random.default_rng().random(2))
        tape.gradient(y, x)
        """,
    )
    first, second = (last(run(runner, made)).sources[0].value for _ in range(2))
    assert first == second


def test_an_unknown_mode_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--verify", "--verify-modes", "eager,fast", str(tmp_path)]) == 2
    assert "`fast` is not one of `eager`, `graph`, `xla`" in capsys.readouterr().err
