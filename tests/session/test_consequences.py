"""What follows from another finding is told as a step of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tapelint import session
from tapelint.model import Finding, Role
from tapelint.settings import Selection, Settings

LOST = """\
import tensorflow as tf

v, w = tf.Variable(1.0), tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = v * 2.0
gradients = tape.gradient(loss, [v, w])
kept = [g for g in gradients if g is not None]
clipped = [tf.clip_by_norm(g, 1.0) for g in gradients]
"""


def reported(folder: Path, program: str, selection: Selection | None = None) -> list[Finding]:
    """Return what a run reports of a program."""
    path = folder / "program.py"
    path.write_text(program)
    settings = Settings(selections=() if selection is None else (selection,))
    return list(session.run([(path, "program.py")], settings).findings)


def test_what_is_done_with_none_is_a_step_of_what_made_it(tmp_path: Path) -> None:
    (finding,) = reported(tmp_path, LOST)
    assert finding.code == "TAP108"
    assert [(step.role, step.span.line, step.message) for step in finding.steps[-2:]] == [
        (Role.STEP, 7, "`g is not None` hides a gradient that is always None"),
        (Role.STEP, 8, "`tf.clip_by_norm` raises: a gradient is None"),
    ]


@pytest.mark.parametrize("code", ["TAP405", "TAP409"])
def test_a_rule_that_is_asked_for_alone_has_a_finding_of_its_own(code: str, tmp_path: Path) -> None:
    assert [f.code for f in reported(tmp_path, LOST, Selection(select=(code,)))] == [code]


@pytest.mark.parametrize("code", ["TAP405", "TAP409"])
def test_a_rule_that_is_left_out_adds_no_step(code: str, tmp_path: Path) -> None:
    (finding,) = reported(tmp_path, LOST, Selection(ignore=(code,)))
    told = [step.message for step in finding.steps]
    assert len([m for m in told if "hides" in m or "raises" in m]) == 1


def test_a_filter_for_a_none_that_no_rule_minds_is_not_reported(tmp_path: Path) -> None:
    program = LOST.replace("tape.gradient(loss, [v, w])", "[None, tape.gradient(loss, v)]")
    assert reported(tmp_path, program.partition("clipped")[0]) == []
