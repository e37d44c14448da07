"""How long a witness may take: its own processor time, unless it only waits."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tapelint.verify.worker import patience
from tapelint.verify.worker.patience import Patience, look_at

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def late(seconds: float, by: float) -> Patience:
    """Return the patience with a process that began some time ago."""
    return Patience(1, seconds, started=time.monotonic() - by)


@pytest.mark.parametrize(
    ("state", "used", "is_over"),
    [
        ("R", 3.0, False),
        ("D", 3.0, False),
        ("S", 3.0, True),
        ("R", 20.1, True),
        ("", 0.0, True),
    ],
)
def test_what_counts_is_the_time_of_the_processor(
    monkeypatch: pytest.MonkeyPatch, state: str, used: float, is_over: bool
) -> None:
    monkeypatch.setattr(patience, "look_at", lambda pid: (state, used))
    looked = late(20.0, by=20.0)
    assert looked.is_over() is is_over
    assert is_over or time.monotonic() < looked.deadline <= looked.started + 100.0


def test_a_process_that_gets_nothing_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "look_at", lambda pid: ("R", 0.1))
    assert late(20.0, by=100.1).is_over()


@needs_proc
def test_what_a_process_uses_is_told() -> None:
    before = look_at(os.getpid())[1]
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass
    assert 0.1 < look_at(os.getpid())[1] - before < 5.0
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as waiting:
        deadline = time.monotonic() + 30.0
        while look_at(waiting.pid)[0] != "S" and time.monotonic() < deadline:
            time.sleep(0.05)
        assert look_at(waiting.pid)[0] == "S"
        waiting.communicate(b"\n")


def test_a_process_that_is_gone_tells_nothing() -> None:
    assert look_at(2**22 + 1) == ("", 0.0)
