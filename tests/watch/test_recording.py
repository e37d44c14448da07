"""The recorder is on for a turn, and does not stay on for what never comes again."""

from __future__ import annotations

import pytest

from tapelint.watch.program.recording import MOST_FUNCTIONS
from tapelint.watch.program.sites import UserFiles
from tapelint.watch.program.watcher import Watcher

pytestmark = [pytest.mark.tensorflow, pytest.mark.xdist_group("watch")]


class Nowhere:
    """Hears what is told, and tells nobody."""

    is_ours = True

    def emit(self, event: dict[str, object]) -> None:
        """Forget an event."""

    def count(self, site: int, *numbers: int) -> None:
        """Forget a count."""


def test_functions_that_ask_no_tape_are_not_recorded_for_ever() -> None:
    tf = pytest.importorskip("tensorflow")
    watcher = Watcher(UserFiles(), Nowhere(), is_traced=False)
    watcher.install()
    try:
        with tf.GradientTape() as tape:
            nothing = tf.constant(1.0)
        assert tape.gradient(nothing, tf.Variable(1.0)) is None
        doubled = tf.function(lambda x: 2.0 * x)
        for _ in range(MOST_FUNCTIONS):
            doubled(tf.constant(1.0))
        assert watcher.recording.recorder is not None
        doubled(tf.constant(1.0))
        assert watcher.recording.recorder is None
    finally:
        watcher.uninstall()
