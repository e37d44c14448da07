"""TAP214: numbers that pass through a string."""

from __future__ import annotations

from story import one_call

from tapelint.analysis.graph import DType, Reason
from tapelint.checks import string_op


def test_a_cast_to_string_is_another_rule() -> None:
    assert one_call(string_op, "tf.cast(w, tf.string)", "tf.cast", Reason.CAST) == []


def test_the_operation_is_named() -> None:
    op = "tf.strings.as_string"
    (finding,) = one_call(string_op, f"{op}(w)", op, Reason.STRING, dtype=DType.STRING)
    assert finding.message.endswith(f"is None: cut here by `{op}`")
    assert finding.help.startswith("keep the number")
