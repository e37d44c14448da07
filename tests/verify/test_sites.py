"""The measurement of real code: calls that are found, breaks that are planted, what is counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tapelint.verify.runner import Runner
from tapelint.verify.verification import Options
from tools.sites import breaks
from tools.sites.__main__ import report, sampled
from tools.sites.calls import Site, calls_in, sites_of
from tools.sites.plants import EAGER_ONLY, KINDS, planted
from tools.sites.witnesses import alike, asked, confirmed

EXAMPLES = Path(__file__).parents[2] / "examples"
OPTIONS = Options(seconds=60.0)
STEP = """
import tensorflow as tf

def step(model, x, y):
    with tf.GradientTape() as tape:
        scores = model(x)
        loss = tf.reduce_mean(tf.square(scores - y))
    return tape.gradient(loss, model.trainable_variables)
"""


def sites(folder: Path, text: str) -> list[Site]:
    """Return the calls of a text that is written to disk."""
    path = folder / "step.py"
    path.write_text(text, encoding="utf-8")
    return list(sites_of([path]))


def test_only_tapes_are_asked() -> None:
    text = "with tf.GradientTape() as t:\n    y = x\nt.gradient(y, x)\nimage.gradient(y, x)\n"
    assert [call.lineno for call in calls_in(text)] == [3]


def test_a_notebook_is_read_as_the_script_it_becomes(tmp_path: Path) -> None:
    code = ["!pip install x\n", "with tf.GradientTape() as t:\n", "  y = x\n", "t.gradient(y, x)"]
    cells = [
        {"cell_type": "markdown", "source": ["t.gradient(y, x)"]},
        {"cell_type": "code", "source": ["%%bash\n", "ls"]},
        {"cell_type": "code", "source": ["no python"]},
        {"cell_type": "code", "source": code},
    ]
    path = tmp_path / "guide.ipynb"
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    (site,) = sites_of([path])
    assert (site.path, site.span.line) == (str(tmp_path / "guide.py"), 4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_break_stands_between_source_and_target(tmp_path: Path, kind: str) -> None:
    text = STEP.replace("model.trainable_variables", "[x]") if kind == "rebinding" else STEP
    (site,) = sites(tmp_path, text)
    plant = planted(site, [kind])
    assert plant is not None
    lines = plant.text.split("\n")
    name = lines[plant.line - 1].split()[0]
    assert name in ("x" if kind == "rebinding" else "scores loss".split())
    assert "gradient(loss" in lines[plant.site.line - 1]
    below = plant.site.line - site.span.line
    assert (
        lines[plant.line : plant.site.line] == text.split("\n")[plant.line - below : site.span.line]
    )


def test_nothing_is_planted_that_leaves_a_way_around(tmp_path: Path) -> None:
    text = STEP.replace("scores - y))", "scores - y)) + sum(model.losses)")
    for seed in range(20):
        plant = planted(sites(tmp_path, text)[0], ["round"], seed)
        assert plant is not None
        assert plant.text.split("\n")[plant.line - 1].split()[0] == "loss"


def test_what_only_raises_in_a_graph_is_not_planted_there(tmp_path: Path) -> None:
    (site,) = sites(tmp_path, STEP.replace("def step", "@tf.function\ndef step"))
    assert not any(planted(site, [kind]) for kind in EAGER_ONLY)


def test_a_sample_is_the_same_in_every_run() -> None:
    found = list(sites_of([EXAMPLES]))
    first = sampled(found, 4, 1, 1)
    assert first == sampled(list(reversed(found)), 4, 1, 1)
    assert len({site.path for site in first}) == 4


def test_reasons_are_alike_but_for_names_and_numbers() -> None:
    assert alike("line 12 raises KeyError ('a')") == alike("line 7 raises KeyError ('b')")


@pytest.mark.tensorflow
def test_every_call_of_the_examples_is_reached_and_their_breaks_are_confirmed(
    runner: Runner,
) -> None:
    answers = list(asked(list(sites_of([EXAMPLES])), runner, OPTIONS))
    text = report(answers)
    assert "8 of 8 gradient calls reached (100%)" in text
    assert "    2 outcome: a value" in text
    (years,) = (a for a in answers if a.site.path.endswith("whole_years.py"))
    assert {f.span.line for f in confirmed(years, runner, OPTIONS)} == {21}


@pytest.mark.tensorflow
def test_a_planted_break_is_found_and_confirmed(runner: Runner) -> None:
    (site,) = sites_of([EXAMPLES / "logistic_regression.py"])
    (found,) = breaks.results([site], frozenset([site]), runner, OPTIONS, ["stop_gradient"])
    assert (found.is_found, found.code, found.verdict) == (True, "TAP209", "confirmed")
    assert "stop_gradient: 1 planted, 1 found by the analysis; 1 confirmed" in breaks.report(
        [found]
    )


def test_a_break_that_the_analysis_misses_may_be_one_that_raises(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = STEP + "\nstep(tf.keras.Sequential([tf.keras.layers.Dense(2)]), tf.ones([3, 2]), 1.0)\n"
    here = sites(tmp_path, text)
    monkeypatch.setattr(breaks, "_found", lambda plant: ())
    (result,) = breaks.results(here, frozenset(), runner, OPTIONS, kinds=["np call"])
    assert not result.is_found
    assert result.verdict == "confirmed", result.evidence.reason
