"""What a witness sends is not trusted: whatever it is, a verdict is formed or none, and no crash."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tapelint.model import Confidence, Evidence, Finding, Role, Severity, Span, Step
from tapelint.verify.cases import Answer, Case, evidence
from tapelint.verify.claims import claim_of
from tapelint.verify.installation import Installation
from tapelint.verify.modes import by_mode
from tapelint.verify.observed import run_from
from tapelint.verify.request import Mode, Request
from tapelint.verify.verdict import Judge

TEXT = """\
import tensorflow as tf
x = tf.Variable(1.0)
with tf.GradientTape() as tape:
    y = tf.constant(x.numpy())
g = tape.gradient(y, x)
"""
FRAMES = [["/p/a.py", 5]]
BREAK = {"name": "numpy", "kind": "plain", "frames": [["/p/a.py", 4]], "dtype": "", "missed": None}
EVENTS = (
    {"event": "sandbox", "strength": "full"},
    {"event": "note", "text": "`x` is invented"},
    {
        "event": "request",
        "method": "gradient",
        "turn": 1,
        "spot": ["/p/a.py", 5, 5, 5, 24],
        "frames": FRAMES,
        "tape": {"frames": [["/p/a.py", 3]], "is_persistent": False, "asked": 0},
        "target": {"kind": "tensor", "total": 1.0},
        "error": {"type": "RuntimeError", "message": "A non-persistent GradientTape"},
        "zero_asked": False,
        "sources": [
            {
                "index": 0,
                "outcome": "none",
                "value": "2",
                "total": 2.0,
                "kind": "variable",
                "name": "x",
                "made": [["/p/a.py", 2]],
                "connection": {"cause": "cut", "breaks": [BREAK], "exits": [BREAK], "behind": []},
                "culprits": [BREAK],
            }
        ],
        "modes": {"xla": {"sources": [{"index": 0, "outcome": "nan", "value": "nan"}]}},
    },
    {"event": "raised", "type": "ValueError", "bases": [], "message": "no", "frames": FRAMES},
    {"event": "update", "variable": "x", "gradients_of": ["y"], "is_own": False, "frames": FRAMES},
    {"event": "executed", "lines": FRAMES},
    {"event": "uneven", "frames": FRAMES},
    {"event": "sought", "operation": "Log", "numbers": [0.5, 2]},
)
ODD: tuple[Any, ...] = (
    None, True, -1, 10**400, 1e308, float("nan"), float("inf"), "", "\x1b[2J", "\ud800", [], {}, [[]],
    [None], {"x": None}, [["/p/a.py", 4, 4]], [["/p/a.py", -1]], "value", "nan", "zero", "invented",
)  # fmt: skip
INSTALLED = Installation("python", "2.21", "3.15", "3.11", True, 7, True, 1.0)
CODES = ("TAP101", "TAP201", "TAP301", "TAP304", "TAP306", "TAP401", "TAP404", "TAP405", "TAP501")
CODES += ("TAP402", "TAP102", "TAP104", "TAP408", "TAP603", "TAP601")


def finding(code: str) -> Finding:
    """Return a finding about the program, with a place for everything it may point at."""
    asked, cut = Span("a.py", 5, 5, 5, 24), Span("a.py", 4, 9, 4, 31)
    message = "the gradient of `y` with respect to `x` is None"
    if code in ("TAP601", "TAP408"):
        message = "`custom` raises"
    steps = (Step(asked, Role.SOURCE, "`x` is a variable"), Step(cut, Role.BREAK, "it ends"))
    steps += (Step(asked, Role.TAPE, "`tape.gradient` answers None"),)
    return Finding(code, "n", message, cut, Severity.ERROR, Confidence.CERTAIN, "", steps)


def spoiled(value: Any, chance: random.Random) -> Any:
    """Return a value with some of its parts replaced or left out."""
    if chance.random() < 0.04:
        return chance.choice(ODD)
    match value:
        case dict():
            kept = {k: v for k, v in value.items() if chance.random() > 0.04}
            return {k: spoiled(v, chance) for k, v in kept.items()}
        case list():
            return [
                spoiled(v, chance) for v in value for _ in range(chance.choice((0, 1, 1, 1, 2)))
            ]
        case _:
            return value


@pytest.mark.parametrize("numbers", [None, "1", [1e300], [float("nan")], [10**400], [0.0, "x"]])
def test_an_input_that_is_none_is_not_tried(numbers: object) -> None:
    assert run_from([{"event": "sought", "numbers": numbers}], "ended", 1.0).sought == ((),)


def test_an_input_that_was_found_is_numbers() -> None:
    event: dict[str, object] = {"event": "sought", "numbers": [0.5, 2]}
    assert run_from([event], "ended", 1.0).sought == ((0.5, 2.0),)


def lies() -> Iterator[list[dict[str, object]]]:
    """Yield runs of events, each less true than the one before."""
    chance = random.Random(7)
    for _ in range(400):
        sent = [spoiled(event, chance) for event in EVENTS]
        # As they come out of the pipe.
        yield [json.loads(json.dumps(e)) for e in sent if isinstance(e, dict)]


def judged(code: str, events: list[dict[str, object]], fate: str = "ended") -> Evidence:
    """Form the evidence for a finding from events."""
    judge = Judge(lambda shown: f"/p/{shown}")
    case = Case(finding(code), claim_of(finding(code), {"a.py": TEXT}))
    run = run_from(events, fate, 1.0)
    judgement = by_mode(
        judge.judge(case.claim, run), case.claim, run, judge, (Mode.EAGER, Mode.XLA)
    )
    case.answers.append(Answer(Request("/p/a.py", {}, ("/p",)), run, judgement))
    return evidence(case, INSTALLED)


@pytest.mark.parametrize("code", CODES)
def test_a_lie_crashes_nobody(code: str) -> None:
    for events in lies():
        assert judged(code, events).verdict
