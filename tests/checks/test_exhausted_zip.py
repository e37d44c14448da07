"""TAP404: iterators that were walked through before."""

from __future__ import annotations

from story import update

from tapelint.analysis.observations import Misuse
from tapelint.checks import exhausted_zip

APPLY = "optimizer.apply_gradients(pairs)"


def test_gradients_without_variables_are_another_rule() -> None:
    assert update(exhausted_zip, APPLY, Misuse.UNZIPPED) == []


def test_the_finding_stands_where_nothing_is_left() -> None:
    (finding,) = update(exhausted_zip, APPLY, Misuse.EXHAUSTED)
    assert finding.message == ("`optimizer.apply_gradients` is given an iterator that is used up")
    assert finding.span.line == 2
    assert "`list(...)`" in finding.help
