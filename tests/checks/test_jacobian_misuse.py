"""TAP306: Jacobians of what has none."""

from __future__ import annotations

import pytest
from story import Story

from tapelint.analysis.observations import RequestMisused
from tapelint.checks import jacobian_misuse


def test_a_gradient_inside_its_tape_is_another_rule() -> None:
    call = "tape.jacobian(y, x)"
    misused = RequestMisused(Story(call).at(call), "inside own tape")
    assert list(jacobian_misuse.check([misused])) == []


@pytest.mark.parametrize(
    ("call", "what", "message", "help"),
    [
        (
            "tape.jacobian([y, z], x)",
            "jacobian of a list",
            "`tape.jacobian` of a list of targets raises",
            "`tf.stack`",
        ),
        (
            "tape.batch_jacobian(y, x)",
            "batch jacobian of a vector",
            "`tape.batch_jacobian` raises: it wants a batch axis and one more",
            "`keepdims=True`",
        ),
        (
            "tape.batch_jacobian(y, x)",
            "batch jacobian of other rows",
            "`tape.batch_jacobian` is wrong where the rows of a batch depend on each other",
            "`jacobian`",
        ),
    ],
)
def test_each_misuse_has_its_words(call: str, what: str, message: str, help: str) -> None:
    (finding,) = jacobian_misuse.check([RequestMisused(Story(call).at(call), what)])
    assert finding.message == message
    assert help in finding.help
