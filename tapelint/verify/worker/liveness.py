"""Ask the shadow tape which values are connected to a source; each question is a backward pass."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from tapelint.verify.worker.events import Event, Key
from tapelint.verify.worker.recorder import Recorder

MOST_QUESTIONS = 400
SECONDS = 6.0


class Liveness:
    """The connections of one source. Only values that were made from it (`data`) can have one."""

    def __init__(self, recorder: Recorder, source: Any, data: set[Key]) -> None:
        self.recorder = recorder
        self.runtime = recorder.runtime
        self.source = source
        self.data = data
        self.start = recorder.key(source)
        self.answers: dict[Key, bool | None] = {self.start: True}
        self.questions = 0
        self.deadline = time.process_time() + SECONDS
        self.is_exhausted = False

    def renew(self) -> None:
        """Give the next questions time of their own."""
        self.questions, self.is_exhausted = 0, False
        self.deadline = time.process_time() + SECONDS

    def of_value(self, value: Any) -> bool:
        """Tell whether a gradient could flow from a value back to the source."""
        key = self.recorder.key(value)
        if key not in self.answers:
            self.answers[key] = self._question(value)
        return bool(self.answers[key])

    def is_live(self, key: Key) -> bool:
        """Tell whether the value behind a key is connected."""
        return bool(self.answer(key))

    def known(self, key: Key) -> bool:
        """Tell whether a value is known to be connected, without asking."""
        return bool(self.answers.get(key))

    def answer(self, key: Key) -> bool | None:
        """Return whether a value is connected; None where the backward pass raises."""
        if key not in self.data:
            return False
        if key not in self.answers:
            self.answers[key] = self._question(self.recorder.value(key))
        return self.answers[key]

    def leading_to(self, target: Any, events: Iterable[Event]) -> set[Key]:
        """Return those results of `events` that a gradient of the target reaches."""
        tensors: dict[Key, Any] = {}
        for event in events:
            for key in event.outputs:
                value = self.recorder.value(key)
                if self.runtime.is_eager(value) and self.runtime.is_differentiable(value):
                    tensors[key] = value
        if not tensors:
            return set()
        with self.recorder.muted():
            try:
                found = self.recorder.raw_gradient(
                    self.recorder.shadow, target, list(tensors.values())
                )
            except Exception:  # noqa: BLE001 - a custom gradient may raise what it likes
                return set()
        return {key for key, gradient in zip(tensors, found, strict=True) if gradient is not None}

    def _question(self, value: Any) -> bool | None:
        runtime = self.runtime
        if not runtime.is_tensor(value):
            return False
        if not (runtime.is_differentiable(value) or value.dtype == runtime.tf.variant):
            return False
        self.questions += 1
        if self.questions > MOST_QUESTIONS or time.process_time() > self.deadline:
            self.is_exhausted = True
            return False
        with self.recorder.muted():
            try:
                found = self.recorder.raw_gradient(self.recorder.shadow, value, self.source)
            except Exception:  # noqa: BLE001
                return None
        return found is not None
