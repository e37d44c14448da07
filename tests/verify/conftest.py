"""One worker for all tests of this folder: importing TensorFlow takes seconds."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator

import pytest

from tapelint.verify.runner import Runner


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    """Run witnesses under this interpreter."""
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed: only a real tape can be watched")
    with Runner(sys.executable) as running:
        yield running
