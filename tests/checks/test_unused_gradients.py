"""TAP406: results that nobody reads."""

from __future__ import annotations

import pytest
from story import update

from tapelint.analysis.observations import Misuse
from tapelint.checks import unused_gradients
from tapelint.model import Severity


def test_a_gradient_that_is_none_is_another_rule() -> None:
    assert update(unused_gradients, "0.1 * gradient", Misuse.NONE_USED) == []


@pytest.mark.parametrize(
    ("text", "what", "label", "message"),
    [
        (
            "t.gradient(loss, w)",
            Misuse.UNUSED,
            "slope",
            "`slope` is computed and never used",
        ),
        (
            "t.gradient(loss, w)",
            Misuse.UNAPPLIED,
            "optimizer",
            "the gradients of `t.gradient` are never applied: `optimizer` takes no step",
        ),
        (
            "tf.clip_by_global_norm(gradients, 1.0)",
            Misuse.CLIPPED_UNUSED,
            "clipped",
            "`clipped` is never used: the gradients are applied as they were",
        ),
    ],
)
def test_what_is_unused_is_named(text: str, what: Misuse, label: str, message: str) -> None:
    (finding,) = update(unused_gradients, text, what, [label])
    assert finding.message == message
    assert finding.severity is Severity.WARNING
