"""TAP213: samples without a path to their parameters."""

from __future__ import annotations

from story import one_call

from tapelint.analysis.graph import Effect, Reason
from tapelint.checks import sampled_value


def test_an_argmax_is_another_rule() -> None:
    assert one_call(sampled_value, "tf.argmax(w)", "tf.argmax", Reason.OP) == []


def test_a_categorical_sample_can_be_relaxed() -> None:
    op = "tf.random.categorical"
    (finding,) = one_call(sampled_value, f"{op}(w, 1)", op, Reason.SAMPLE)
    assert finding.message.endswith(f"is None: `{op}` draws a sample")
    assert "Gumbel-softmax" in finding.help


def test_a_poisson_sample_raises() -> None:
    op = "tf.random.poisson"
    (finding,) = one_call(sampled_value, f"{op}([8], w)", op, Reason.SAMPLE, Effect.RAISES)
    assert finding.message.endswith(f"raises: `{op}` draws a sample")
    assert "take the expectation" in finding.help
