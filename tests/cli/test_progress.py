"""The line that says how far a run is."""

from __future__ import annotations

import io

import pytest

from tapelint.console import Progress


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self) -> bool:
        """Claim to be a terminal."""
        return True


class Clock:
    """A clock that only runs when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Stop the clock that progress looks at."""
    stopped = Clock()
    monkeypatch.setattr("tapelint.console.time.monotonic", stopped)
    return stopped


def test_a_short_run_shows_nothing(clock: Clock) -> None:
    stream = Terminal()
    with Progress(stream) as progress:
        clock.now += 0.9
        progress(1, 2)
    assert stream.getvalue() == ""


def test_a_pipe_is_told_nothing(clock: Clock) -> None:
    stream = io.StringIO()
    with Progress(stream) as progress:
        clock.now += 60
        progress(1, 2)
    assert stream.getvalue() == ""


def test_a_dumb_terminal_is_told_nothing(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    with Progress(stream) as progress:
        clock.now += 60
        progress(1, 2)
    assert stream.getvalue() == ""


def test_a_closed_stream_is_no_error(clock: Clock) -> None:
    stream = Terminal()
    with Progress(stream) as progress:
        clock.now += 60
        stream.close()
        progress(1, 2)


def test_a_long_run_is_shown_and_wiped_out_in_the_end(clock: Clock) -> None:
    stream = Terminal()
    with Progress(stream) as progress:
        clock.now += 1.5
        progress(7, 12)
        clock.now += 1.5
        progress(11, 12)
    first, second = "tapelint: 7 of 12 files done", "tapelint: 11 of 12 files done"
    assert stream.getvalue() == f"\r{first}\r{second}\r{' ' * len(second)}\r"


def test_a_line_is_shown_long_enough_to_be_read(clock: Clock) -> None:
    stream = Terminal()
    with Progress(stream) as progress:
        clock.now += 1.5
        for done in range(1000):
            progress(done, 1000)
    assert stream.getvalue().count("files done") == 1


def test_an_interruption_wipes_the_line_out(clock: Clock) -> None:
    stream = Terminal()

    def interrupted(progress: Progress) -> None:
        with progress:
            clock.now += 1.5
            progress(1, 2)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted(Progress(stream))
    assert stream.getvalue().endswith("\r" + " " * len("tapelint: 1 of 2 files done") + "\r")
