"""TAP203: casts, and arithmetic in a dtype without gradient."""

from __future__ import annotations

import pytest
from story import one_call

from tapelint.analysis.graph import DType, Effect, Reason
from tapelint.checks import integer_cast


def test_float_arithmetic_without_a_gradient_is_another_rule() -> None:
    assert one_call(integer_cast, "tf.floor(w)", "tf.floor", Reason.OP) == []


@pytest.mark.parametrize(
    ("dtype", "what"),
    [(DType.INT, "integers"), (DType.BOOL, "bools"), (DType.STRING, "strings")],
)
def test_the_message_says_what_the_cast_gives(dtype: DType, what: str) -> None:
    (finding,) = one_call(integer_cast, "tf.cast(w, d)", "tf.cast", Reason.CAST, dtype=dtype)
    assert finding.message.endswith(f"`tf.cast` gives {what} here")


def test_a_cast_to_int_can_be_straight_through() -> None:
    (finding,) = one_call(
        integer_cast, "tf.cast(w, tf.int32)", "tf.cast", Reason.CAST, dtype=DType.INT
    )
    assert "pass the gradient straight through" in finding.help


def test_a_cast_to_bool_cannot() -> None:
    (finding,) = one_call(
        integer_cast, "tf.cast(w, tf.bool)", "tf.cast", Reason.CAST, dtype=DType.BOOL
    )
    assert "straight through" not in finding.help


def test_integer_arithmetic_is_told_to_be_float() -> None:
    (finding,) = one_call(integer_cast, "w + 1", "+", Reason.NONE, Effect.FLOWS, dtype=DType.INT)
    assert finding.message.endswith("`w + 1` gives integers here")
    assert finding.help == "compute in float: give the operands `dtype=tf.float32`"
