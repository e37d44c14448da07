"""Follow answered gradients to the variables they move: whose gradient moves whom?"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from tapelint.verify.worker.converted import Frame
from tapelint.verify.worker.events import Event, Key, Kind
from tapelint.verify.worker.recorder import Recorder
from tapelint.verify.worker.tapes import Request

MOST_TOLD = 100
MOST_ORIGINS = 64


class UpdateWatcher:
    """Hears of answers and of steps, and sends the writes into sources that gradients reach."""

    def __init__(self, recorder: Recorder, emit: Callable[[dict[str, Any]], None]) -> None:
        self.recorder = recorder
        self.emit = emit
        self.sources: dict[Key, str] = {}
        self.trainable: dict[Key, str] = {}
        self.origins: dict[Key, frozenset[Key]] = {}
        # The lines that a gradient has passed, from the request on.
        self.lines: dict[Key, frozenset[Frame]] = {}
        self.told: set[object] = set()

    def install(self) -> None:
        """Learn of every trainable variable that is made from now on."""
        owner = self.recorder.runtime.variables.BaseResourceVariable
        original = owner.__init__

        def initialise(variable: Any, *arguments: Any, **keywords: Any) -> None:
            original(variable, *arguments, **keywords)
            if getattr(variable, "_trainable", False):
                self.trainable[self.recorder.key(variable)] = str(variable.name)
                self.recorder.variables.append(weakref.ref(variable))

        self.recorder.patches.set(owner, "__init__", initialise)

    def answered(self, request: Request) -> None:
        """Remember which gradient is whose."""
        runtime = self.recorder.runtime
        try:
            pairs = list(
                zip(
                    runtime.tf.nest.flatten(request.answer),
                    runtime.tf.nest.flatten(request.sources),
                    strict=True,
                )
            )
        except (TypeError, ValueError):  # a Jacobian of several targets, or no nest at all
            return
        asked = self.recorder.frames()[:1]
        for answer, source in pairs:
            plain = runtime.unwrapped(source)
            if answer is None or not runtime.is_variable(plain):
                continue
            key = self.recorder.key(plain)
            self.sources[key] = str(getattr(source, "path", None) or source.name)
            # Sparse gradients hold theirs in `values`.
            given = self.recorder.key(getattr(answer, "values", answer))
            self.origins[given] = frozenset({key})
            self.lines[given] = frozenset(asked)

    def happened(self, event: Event) -> None:
        """Pass the origin of gradients on, and tell of a write into a source."""
        if not self.origins:
            return
        found: set[Key] = set()
        passed: set[Frame] = set(event.frames[:1])
        for key in event.inputs:
            found |= self.origins.get(key, frozenset())
            passed |= self.lines.get(key, frozenset())
        if not found or len(found) > MOST_ORIGINS:
            return
        written = event.outputs[0] if event.outputs else None
        if event.kind is Kind.STATE and (written in self.sources or written in self.trainable):
            self._tell(event, written, frozenset(found), passed)
            if written in self.sources:
                return
        # Moments of an optimizer carry the gradient on to the next step.
        for key in event.outputs:
            self.origins[key] = frozenset(found)
            self.lines[key] = frozenset(passed)

    def _tell(self, event: Event, written: Key, found: frozenset[Key], passed: set[Frame]) -> None:
        mark = (event.frames[:1], written, found, frozenset(passed))
        if mark in self.told or len(self.told) >= MOST_TOLD:
            return
        self.told.add(mark)
        self.emit(
            {
                "event": "update",
                "variable": self.sources.get(written) or self.trainable[written],
                "gradients_of": [self.sources[key] for key in found if key in self.sources],
                "is_own": written in found,
                "frames": list(event.frames),
                "through": sorted(passed),
            }
        )
