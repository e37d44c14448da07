"""TAP405: None among gradients that are computed with."""

from __future__ import annotations

import pytest
from story import update

from tapelint.analysis.observations import Misuse
from tapelint.checks import none_into_clip
from tapelint.model import Role


def test_a_gradient_nobody_uses_is_another_rule() -> None:
    assert update(none_into_clip, "0.1 * gradient", Misuse.UNUSED) == []


@pytest.mark.parametrize(
    ("text", "op", "labels", "message"),
    [
        ("0.1 * slope", "*", ["slope"], "`0.1 * slope` raises: `slope` is None"),
        (
            "tf.clip_by_norm(g, 1.0)",
            "tf.clip_by_norm",
            [],
            "`tf.clip_by_norm` raises: a gradient is None",
        ),
    ],
)
def test_the_operation_is_named(text: str, op: str, labels: list[str], message: str) -> None:
    (finding,) = update(none_into_clip, text, Misuse.NONE_USED, labels, op)
    assert finding.message == message


def test_the_chain_begins_where_none_comes_from() -> None:
    (finding,) = update(none_into_clip, "0.1 * slope", Misuse.NONE_USED, ["slope"], "*")
    assert [(s.role, s.span.line) for s in finding.steps] == [(Role.TAPE, 1), (Role.BREAK, 2)]
