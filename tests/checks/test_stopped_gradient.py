"""TAP209: `stop_gradient` on the only path."""

from __future__ import annotations

from story import one_call

from tapelint.analysis.graph import Reason
from tapelint.checks import stopped_gradient


def test_a_rounded_value_is_another_rule() -> None:
    assert one_call(stopped_gradient, "tf.round(w)", "tf.round", Reason.OP) == []


def test_the_stop_and_the_source_are_named() -> None:
    (finding,) = one_call(stopped_gradient, "tf.stop_gradient(w)", "tf.stop_gradient", Reason.STOP)
    assert finding.message.endswith("is None: stopped here by `tf.stop_gradient`")
    assert finding.help == "take `tf.stop_gradient` off this branch, or do not ask for `w`"
