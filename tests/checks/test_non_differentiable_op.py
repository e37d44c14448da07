"""TAP205: operations that give None, zeros or an error."""

from __future__ import annotations

import pytest
from story import one_call

from tapelint.analysis.graph import Effect, Reason
from tapelint.checks import non_differentiable_op


def test_a_comparison_is_another_rule() -> None:
    assert one_call(non_differentiable_op, "w > 0", ">", Reason.THRESHOLD) == []


@pytest.mark.parametrize(
    ("effect", "end"),
    [
        (Effect.CUT, "is None: `tf.sign` has none"),
        (Effect.ZEROS, "is zero: `tf.sign` is flat"),
        (Effect.RAISES, "raises: `tf.sign` has none registered"),
    ],
)
def test_the_message_says_none_only_where_it_is_none(effect: Effect, end: str) -> None:
    (finding,) = one_call(non_differentiable_op, "tf.sign(w)", "tf.sign", Reason.OP, effect)
    assert finding.message == f"the gradient of `loss` with respect to `w` {end}"


@pytest.mark.parametrize(
    ("op", "part"),
    [
        ("tf.argmax", "`tf.nn.softmax`"),
        ("tf.math.floor", "`x + tf.stop_gradient(tf.round(x) - x)`"),
        ("keras.ops.round", "`x + tf.stop_gradient(tf.round(x) - x)`"),
        ("//", "use `/`"),
        ("tf.image.adjust_contrast", "`(image - mean) * factor + mean`"),
        ("tf.unheard_of", "`tf.custom_gradient`"),
    ],
)
def test_a_stand_in_is_offered(op: str, part: str) -> None:
    call = "w // 2" if op == "//" else f"{op}(w)"
    (finding,) = one_call(non_differentiable_op, call, op, Reason.OP)
    assert part in finding.help
