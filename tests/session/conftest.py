"""Runs over many files with a faked analysis."""

from __future__ import annotations

from pathlib import Path

import fakelint
import pytest

import tapelint.engine
from tapelint import workers


@pytest.fixture
def faked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the faked analysis in the place of the real one, in every process."""
    if workers.start_method() != "fork":
        pytest.skip("a process that is not forked imports the real analysis")
    monkeypatch.delenv("TAPELINT_DEBUG", raising=False)
    monkeypatch.setattr(tapelint.engine, "lint", fakelint.lint)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
