"""TAP212: metrics between source and target."""

from __future__ import annotations

from story import one_call

from tapelint.analysis.graph import Reason
from tapelint.checks import metric_as_loss


def test_a_variable_of_the_user_is_another_rule() -> None:
    assert one_call(metric_as_loss, "total.assign(w)", "assign", Reason.ASSIGN) == []


def test_a_metric_object_is_named() -> None:
    (finding,) = one_call(metric_as_loss, "metric.result()", "result", Reason.METRIC)
    assert finding.message.endswith("is None: `metric.result` is a metric")
    assert finding.help == "compute the loss with `keras.losses`, and feed the metric beside it"


def test_an_accuracy_is_pointed_to_a_cross_entropy() -> None:
    op = "keras.metrics.binary_accuracy"
    (finding,) = one_call(metric_as_loss, f"{op}(labels, w)", op, Reason.METRIC)
    assert "cross-entropy" in finding.help
