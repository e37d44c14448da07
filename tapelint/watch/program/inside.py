"""NaN within functions that are graphs, seen in the variables that a step leaves behind.

The graphs themselves stay as they are: XLA compiles none that calls Python, and a function that
writes to a variable of ours cannot be saved. A gradient that is not finite soon makes the variable
NaN that it is for.
"""

from __future__ import annotations

import functools
import sys
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tapelint.verify.worker.backward import is_not_finite
from tapelint.verify.worker.patches import Patches
from tapelint.watch.program.sites import Site

FUNCTION = "tensorflow.python.eager.polymorphic_function.polymorphic_function"
# As for gradients that hold numbers: the first calls, and then this part of the time.
FIRST_LOOKS = 3
SHARE = 0.02
MOST_VARIABLES = 512
# Hears of a site, and of its sources that are NaN now by their index.
Spoiled = Callable[[Site, Mapping[int, Any]], None]


@dataclass(slots=True)
class _Source:
    """A variable that is a source of a call in a graph, and whether it was seen to be finite."""

    site: Site
    index: int
    variable: weakref.ref[Any]
    was_finite: bool


class Inside:
    """Looks at the sources of traced calls whenever a function has been run from eager code.

    `runs` hears of each function before it is run, and returns whom to tell when it has been.
    """

    def __init__(self, spoiled: Spoiled, runs: Callable[[], Callable[[], None] | None]) -> None:
        self.spoiled = spoiled
        self.runs = runs
        self.sources: list[_Source] = []
        self.looks = 0
        self.seconds = 0.0
        self.since = 0.0

    def install(self, patches: Patches) -> None:
        """Hear of every call of a `tf.function` that comes to its end."""
        owner = sys.modules[FUNCTION].Function
        original = vars(owner)["__call__"]

        @functools.wraps(original)
        def call(function: Any, *arguments: Any, **keywords: Any) -> Any:
            ran = self.runs()
            try:
                result = original(function, *arguments, **keywords)
            finally:
                if ran is not None:
                    ran()
            if self.sources:
                self._called()
            return result

        patches.set(owner, "__call__", call)

    def traced(self, site: Site, sources: Sequence[Any]) -> None:
        """Remember the variables among the sources of a call that was traced just now."""
        known = {(source.site.number, source.index) for source in self.sources}
        for index, source in enumerate(sources):
            variable = getattr(source, "_value", source)
            if (site.number, index) in known or not _is_eager_variable(variable):
                continue
            if len(self.sources) < MOST_VARIABLES:
                finite = _is_finite(variable) is True
                self.sources.append(_Source(site, index, weakref.ref(variable), finite))
        self.looks = 0

    def _called(self) -> None:
        """Look, if it is time to: a call in a graph has changed nothing yet."""
        now = time.perf_counter()
        if self.looks >= FIRST_LOOKS and self.seconds > SHARE * (now - self.since):
            return
        if not sys.modules["tensorflow"].executing_eagerly():
            return
        if not self.looks:
            self.since, self.seconds = now, 0.0
        self.looks += 1
        bad: dict[Site, dict[int, Any]] = {}
        self.sources = [source for source in self.sources if self._is_kept(source, bad)]
        for site, variables in bad.items():
            self.spoiled(site, variables)
        self.seconds += time.perf_counter() - now

    def _is_kept(self, source: _Source, bad: dict[Site, dict[int, Any]]) -> bool:
        """Look at one variable; tell whether it is worth another look."""
        variable = source.variable()
        if variable is None:
            return False
        finite = _is_finite(variable)
        if finite is False and source.was_finite:
            bad.setdefault(source.site, {})[source.index] = variable
        source.was_finite = source.was_finite or finite is True
        # What was never finite, no gradient has spoiled.
        return finite is not False


def _is_eager_variable(value: Any) -> bool:
    return hasattr(getattr(value, "_handle", None), "_id") and value.dtype.is_floating


def _is_finite(variable: Any) -> bool | None:
    """Tell whether a variable holds finite numbers alone, None where that cannot be told.

    Read below the variable itself, which would tell the user's tapes that it was read.
    """
    tensorflow = sys.modules["tensorflow"]
    record = sys.modules["tensorflow.python.eager.record"]
    try:
        with tensorflow.init_scope(), record.stop_recording():
            value = tensorflow.raw_ops.ReadVariableOp(
                resource=variable._handle, dtype=variable.dtype
            )
            return not is_not_finite(value.numpy())
    except Exception:  # noqa: BLE001 - not initialised yet, or on another device
        return None
