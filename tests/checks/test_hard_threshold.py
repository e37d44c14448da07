"""TAP206: comparisons on the path."""

from __future__ import annotations

from story import one_call

from tapelint.analysis.graph import DType, Reason
from tapelint.checks import hard_threshold


def test_a_cast_to_bool_is_another_rule() -> None:
    call = "tf.cast(w, tf.bool)"
    assert one_call(hard_threshold, call, "tf.cast", Reason.CAST, dtype=DType.BOOL) == []


def test_the_comparison_is_quoted() -> None:
    (finding,) = one_call(hard_threshold, "w > 0.5", ">", Reason.THRESHOLD, dtype=DType.BOOL)
    assert finding.message.endswith("is None: `w > 0.5` is a hard step")
    assert finding.span.line == 3
    assert "tf.sigmoid" in finding.help
