"""Findings about gradients that Keras asks for, and about what optimizers lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from witnesses import Program, evidence, program

from tapelint.model import Finding, Verdict
from tapelint.session import Job, check
from tapelint.settings import Settings
from tapelint.verify.runner import Runner

pytestmark = pytest.mark.tensorflow

FIT = """
    x, y = np.ones([8, 4], "float32"), np.ones([8, 1], "float32")

    def loss(y_true, y_pred):
        return tf.reduce_mean(tf.square({inside}(y_pred) - y_true))  # here

    model = tf.keras.Sequential([tf.keras.layers.Dense(3), tf.keras.layers.Dense(1)])
    model.compile("sgd", loss=loss)
    model.fit(x, y, epochs=1000)
    """
CALLED = """
    def train(x, y, units):
        model = tf.keras.Sequential([tf.keras.layers.Dense(units), tf.keras.layers.Dense(1)])
        model.compile("sgd", loss=lambda a, b: tf.reduce_mean(tf.round(b) - a))  # here
        model.train_on_batch(x, y)
    """
IN_A_GRAPH = FIT.replace("{inside}(y_pred)", "np.square(y_pred)")


def findings(made: Program) -> tuple[Finding, ...]:
    """Return what the analysis reports of a program."""
    return check(Job(made.path.name, data=made.text.encode()), Settings()).findings


def test_a_wrong_finding_about_fit_is_refuted(runner: Runner, tmp_path: Path) -> None:
    (about,) = findings(program(tmp_path, FIT.format(inside="tf.round")))
    healthy = program(tmp_path, FIT.format(inside="tf.sin").replace("loss=loss)", "loss=loss)  "))
    found = evidence(runner, healthy, about)
    assert (found.verdict, found.how) == (Verdict.REFUTED, "the script")


def test_another_line_is_not_confirmed_for_fit(runner: Runner, tmp_path: Path) -> None:
    made = program(tmp_path, FIT.format(inside="tf.round"))
    (about,) = findings(made)
    at = replace(about.span, line=made.line() - 1, end_line=made.line() - 1)
    steps = tuple(replace(step, span=at) for step in about.steps[:-1])
    moved = replace(about, steps=(*steps, about.steps[-1]))
    assert evidence(runner, made, moved).verdict is Verdict.INCONCLUSIVE


def test_what_fit_gets_no_gradient_for_is_confirmed(runner: Runner, tmp_path: Path) -> None:
    made = program(tmp_path, FIT.format(inside="tf.round"))
    (about,) = findings(made)
    found = evidence(runner, made, about)
    assert found.verdict is Verdict.CONFIRMED
    assert found.reason == (
        f"None comes out for `sequential/dense/kernel`, and `Round` at line {made.line()} "
        "ends the gradient"
    )


def test_a_training_that_no_script_reaches_is_replayed(runner: Runner, tmp_path: Path) -> None:
    made = program(tmp_path, CALLED)
    (about,) = findings(made)
    found = evidence(runner, made, about)
    assert found.verdict is Verdict.CONFIRMED, found.reason
    assert found.how == "the function around it, with invented arguments"


def test_what_only_raises_in_a_graph_is_not_refuted_by_an_eager_run(
    runner: Runner, tmp_path: Path
) -> None:
    made = program(tmp_path, IN_A_GRAPH)
    (about,) = findings(made)
    assert "raises" in about.message
    found = evidence(runner, made, about)
    assert found.verdict is not Verdict.REFUTED
    assert found.mode == "graph"


def test_what_an_optimizer_lost_is_confirmed_whatever_was_invented(
    runner: Runner, tmp_path: Path
) -> None:
    made = program(
        tmp_path,
        """
        from nowhere import rate

        w = tf.Variable(float(rate))
        optimizer = tf.keras.optimizers.Adam(0.1)
        optimizer.minimize(lambda: w * w, [w])  # here
        """,
    )
    (about,) = findings(made)
    assert (about.code, about.span.line) == ("TAP702", made.line())
    assert evidence(runner, made, about).verdict is Verdict.CONFIRMED


SCALED = """
    w = tf.Variable(2.0)
    optimizer = tf.keras.mixed_precision.LossScaleOptimizer(tf.keras.optimizers.SGD(0.1))
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = {loss}
        gradients = tape.gradient(loss, [w])
        optimizer.apply_gradients(zip(gradients, [w]))  # here
    """


def test_a_loss_that_was_scaled_refutes_that_it_was_not(runner: Runner, tmp_path: Path) -> None:
    (about,) = findings(program(tmp_path, SCALED.format(loss="w * w")))
    made = program(tmp_path, SCALED.format(loss="optimizer.scale_loss(w * w)"))
    assert evidence(runner, made, about).verdict is Verdict.REFUTED


def test_gradients_that_were_changed_may_have_been_scaled(runner: Runner, tmp_path: Path) -> None:
    (about,) = findings(program(tmp_path, SCALED.format(loss="w * w")))
    text = SCALED.format(loss="w * w").replace("zip(gradients,", "zip([gradients[0] * 2**15],")
    assert evidence(runner, program(tmp_path, text), about).verdict is Verdict.INCONCLUSIVE


def test_a_loss_that_was_never_scaled_is_confirmed(runner: Runner, tmp_path: Path) -> None:
    made = program(tmp_path, SCALED.format(loss="w * w"))
    (about,) = findings(made)
    assert about.code == "TAP407"
    assert evidence(runner, made, about).verdict is Verdict.CONFIRMED
