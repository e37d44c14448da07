"""Run the command line inside this process, in a folder of its own."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import fakelint
import pytest
from running import Ran, Run

import tapelint.engine
from tapelint import workers
from tapelint.cli import main


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the developer's own terminal would decide."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS", "TAPELINT_DEBUG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, which is the current one."""
    home = tmp_path / "project"
    home.mkdir()
    monkeypatch.chdir(home)
    return home


@pytest.fixture
def tapelint_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Run:
    """Return a function that runs tapelint with a faked analysis."""
    if workers.start_method() != "fork":
        pytest.skip("a process that is not forked imports the real analysis")
    monkeypatch.setattr(tapelint.engine, "lint", fakelint.lint)

    def run(*arguments: str | os.PathLike[str], stdin: bytes | None = None) -> Ran:
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = main([os.fspath(argument) for argument in arguments])
        printed = capfd.readouterr()
        return Ran(code, printed.out, printed.err)

    return run
