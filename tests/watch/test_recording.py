"""The recorder is on for a turn, and does not stay on for what never comes again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tapelint.watch.program.recording import MOST_FUNCTIONS
from tapelint.watch.program.sites import UserFiles
from tapelint.watch.program.watcher import Watcher

pytestmark = [pytest.mark.tensorflow, pytest.mark.xdist_group("watch")]


class Heard:
    """Keeps what is told."""

    is_ours = True

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def emit(self, event: dict[str, Any]) -> None:
        """Keep an event."""
        self.events.append(event)

    def count(self, site: int, *numbers: int) -> None:
        """Forget a count."""

    def causes(self) -> list[tuple[str, list[int]]]:
        """Return why gradients were lost, and the lines that are to blame."""
        connections = [
            source["connection"]
            for event in self.events
            if event["event"] == "request"
            for source in event["sources"]
        ]
        return [(c["cause"], [b["frames"][0][1] for b in c["breaks"]]) for c in connections]


@pytest.fixture
def tf() -> Any:
    return pytest.importorskip("tensorflow")


@pytest.fixture
def watcher(tf: Any) -> Iterator[Watcher]:
    watcher = Watcher(UserFiles(), Heard(), is_traced=False)
    watcher.install()
    try:
        yield watcher
    finally:
        watcher.uninstall()


def heard(watcher: Watcher) -> Heard:
    assert isinstance(watcher.out, Heard)
    assert not [event for event in watcher.out.events if event["event"] == "trouble"]
    return watcher.out


def give_none(tf: Any) -> None:
    with tf.GradientTape() as tape:
        nothing = tf.constant(1.0)
    assert tape.gradient(nothing, tf.Variable(1.0)) is None


def functions(watcher: Watcher) -> list[str]:
    """Return how the functions that ran begin: those made for a tape are called `__forward`."""
    assert watcher.recording.recorder is not None
    names = [event.name for event in watcher.recording.recorder.events]
    return [name[:9] for name in names if name.startswith("__")]


def test_functions_that_ask_no_tape_are_not_recorded_for_ever(tf: Any, watcher: Watcher) -> None:
    give_none(tf)
    doubled = tf.function(lambda x: 2.0 * x)
    for _ in range(MOST_FUNCTIONS):
        doubled(tf.constant(1.0))
    assert watcher.recording.recorder is not None
    doubled(tf.constant(1.0))
    assert watcher.recording.recorder is None


def test_a_site_is_recorded_until_it_comes_again(tf: Any, watcher: Watcher) -> None:
    give_none(tf)
    assert watcher.recording.recorder is not None
    give_none(tf)
    assert watcher.recording.recorder is None
    assert heard(watcher).causes() == [("unused", [])]
    give_none(tf)
    assert watcher.recording.recorder is None


def test_a_function_outside_of_tapes_is_not_made_anew(tf: Any, watcher: Watcher) -> None:
    doubled = tf.function(lambda x: 2.0 * x)
    w = tf.Variable(1.0)
    give_none(tf)
    doubled(w)
    assert functions(watcher) == ["__inferen"]
    with tf.GradientTape() as tape:
        result = doubled(w)
    assert tape.gradient(result, w) == 2.0
    assert "__forward" in functions(watcher)


def test_what_a_function_outside_of_tapes_computed_is_to_blame(tf: Any, watcher: Watcher) -> None:
    doubled = tf.function(lambda x: 2.0 * x)
    w = tf.Variable(3.0)

    def step() -> None:
        made = doubled(w)
        with tf.GradientTape() as tape:
            loss = made * made
        assert tape.gradient(loss, w) is None

    step()
    step()  # The function was not followed: the next turn is recorded, too.
    assert heard(watcher).causes() == []
    assert watcher.recording.recorder is not None
    step()
    line = step.__code__.co_firstlineno + 1
    assert heard(watcher).causes() == [("unrecorded", [line])]
    assert watcher.recording.recorder is None


def test_functions_that_run_eagerly_are_recorded(tf: Any, watcher: Watcher) -> None:
    w = tf.Variable(3.0)

    @tf.function
    def step() -> None:
        with tf.GradientTape() as tape:
            loss = tf.round(w) * 2.0
        assert tape.gradient(loss, w) is None

    tf.config.run_functions_eagerly(True)
    try:
        step()
        step()
    finally:
        tf.config.run_functions_eagerly(False)
    line = step.python_function.__code__.co_firstlineno + 3
    assert heard(watcher).causes() == [("cut", [line])]
