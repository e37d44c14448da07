"""For pytest: `@pytest.mark.gradients` fails a test in which a tape gives None or NaN.

Nothing is imported for tests without the mark, and TensorFlow by no test but its own.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

PARAMETERS = frozenset({"allow", "zero"})
USAGE = "gradients(allow=(), zero=False)"
MARK = (
    f"{USAGE}: fail the test if a tape gives None or a number that is not"
    " finite (with zero=True, nothing but zeros), except for the sources named in `allow`"
)


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", MARK)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Watch the tapes of a marked test while it runs."""
    mark = item.get_closest_marker("gradients")
    if mark is None:
        return (yield)
    if mark.args or mark.kwargs.keys() - PARAMETERS:
        pytest.fail(f"the mark is used otherwise than `{USAGE}`", pytrace=False)
    from tapelint.watch.testing import Watch

    with Watch(**mark.kwargs) as watch:
        result = yield
    if text := watch.complaint():
        pytest.fail(text, pytrace=False)
    return result
