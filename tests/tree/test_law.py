"""The law itself: what it lets pass, and what it catches."""

from __future__ import annotations

import pytest
from law import breaches

from tapelint.model import Confidence, Finding, Role, Severity, Span, Step

SPAN = Span("train.py", 1, 1, 1, 2)


def finding(message: str, help: str = "use `tf.exp`", step: str = "`w` is a variable") -> Finding:
    steps = (Step(SPAN, Role.SOURCE, step),)
    return Finding("TAP201", "name", message, SPAN, Severity.ERROR, Confidence.CERTAIN, help, steps)


@pytest.mark.parametrize(
    "message",
    ["the gradient is None", "`use` raises", "`Loss` is cut by `np.mean(a, ...`", "x" * 100],
)
def test_a_plain_statement_passes(message: str) -> None:
    assert list(breaches(finding(message))) == []


@pytest.mark.parametrize(
    "message",
    ["The gradient", "it is None.", "a `b", "x" * 101, "a use of it", "a\nb", "a  b", "of ``"],
)
def test_a_message_that_breaks_the_law_is_caught(message: str) -> None:
    assert len(list(breaches(finding(message)))) == 1


@pytest.mark.parametrize("help", ["", "use `a`.", "Use it", "use `a"])
def test_bad_advice_is_caught(help: str) -> None:
    assert len(list(breaches(finding("it is None", help=help)))) == 1


@pytest.mark.parametrize("step", ["It is", "it is.", "`w"])
def test_a_bad_step_is_caught(step: str) -> None:
    assert len(list(breaches(finding("it is None", step=step)))) == 1
