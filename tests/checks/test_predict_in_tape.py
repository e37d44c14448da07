"""TAP211: `predict` and its relatives."""

from __future__ import annotations

import pytest
from story import one_call

from tapelint.analysis.graph import Kind, Reason
from tapelint.checks import predict_in_tape


def test_a_numpy_call_is_another_rule() -> None:
    assert one_call(predict_in_tape, "np.mean(w)", "np.mean", Reason.NUMPY) == []


@pytest.mark.parametrize(
    ("call", "help"),
    [
        (
            "model.predict(x, verbose=0)",
            "call the model: `model(x, training=True)`",
        ),
        (
            "self.net.predict_on_batch(states)",
            "call the model: `self.net(states, training=True)`",
        ),
    ],
)
def test_the_call_of_the_model_is_written_out(call: str, help: str) -> None:
    (finding,) = one_call(predict_in_tape, call, "predict", Reason.PREDICT, kind=Kind.ARRAY)
    assert finding.message.endswith(f"cut here by `{call.partition('(')[0]}`")
    assert finding.help == help


def test_evaluate_has_no_call_that_does_the_same() -> None:
    (finding,) = one_call(predict_in_tape, "model.evaluate(x, y)", "evaluate", Reason.PREDICT)
    assert finding.help.startswith("compute the loss from `model(x, training=True)`")
