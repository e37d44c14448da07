"""TAP204: `assign` and its relatives."""

from __future__ import annotations

import pytest
from story import one_call

from tapelint.analysis.graph import Reason
from tapelint.checks import state_update_in_tape


def test_a_new_variable_is_another_rule() -> None:
    assert one_call(state_update_in_tape, "tf.Variable(w)", "tf.Variable", Reason.REWRAP) == []


@pytest.mark.parametrize(
    ("call", "op", "part"),
    [
        ("total.assign_add(w)", "assign_add", "carry the sum in a tensor, as `total = y + ...`"),
        ("total.assign_sub(w)", "assign_sub", "carry the difference in a tensor"),
        ("total.assign(w)", "assign", "use the assigned tensor itself"),
        ("total.scatter_update(w)", "scatter_update", "use `tf.tensor_scatter_nd_update`"),
    ],
)
def test_each_update_has_its_way_around(call: str, op: str, part: str) -> None:
    (finding,) = one_call(state_update_in_tape, call, op, Reason.ASSIGN)
    assert finding.message.endswith(f"cut here by `{call.partition('(')[0]}`")
    assert finding.help.startswith(part)


def test_the_finding_stands_at_the_update_and_not_at_the_read() -> None:
    (finding,) = one_call(state_update_in_tape, "total.assign(w)", "assign", Reason.ASSIGN)
    assert finding.span.line == 3
