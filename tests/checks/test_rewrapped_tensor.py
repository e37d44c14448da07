"""TAP207: new variables, constants and copies on the path."""

from __future__ import annotations

import pytest
from story import one_call

from tapelint.analysis.graph import Reason
from tapelint.checks import rewrapped_tensor


def test_an_assignment_to_a_variable_is_another_rule() -> None:
    assert one_call(rewrapped_tensor, "v.assign(w)", "assign", Reason.ASSIGN) == []


@pytest.mark.parametrize(
    ("call", "op"),
    [
        ("tf.Variable(w)", "variable"),
        ("keras.Variable(w)", "variable"),
        ("tensorflow.constant(w)", "tf.constant"),
    ],
)
def test_the_wrapper_is_named_as_it_is_written(call: str, op: str) -> None:
    (finding,) = one_call(rewrapped_tensor, call, op, Reason.REWRAP)
    name = call.partition("(")[0]
    assert finding.message.endswith(f"is None: `{name}` copies the value here")
    assert finding.help.startswith(f"use the tensor without `{name}`")


def test_a_deep_copy_is_told_about_identity() -> None:
    (finding,) = one_call(rewrapped_tensor, "copy.deepcopy(w)", "copy.deepcopy", Reason.REWRAP)
    assert "`tf.identity`" in finding.help
