"""When to record operation by operation: from a bad answer of a site to its next one."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from tapelint.verify.worker import leaving
from tapelint.verify.worker.converted import Converted
from tapelint.verify.worker.observer import Observer
from tapelint.verify.worker.recorder import Recorder
from tapelint.verify.worker.runtime import TensorFlow
from tapelint.verify.worker.tapes import Request, TapeWatcher
from tapelint.watch.program.sites import Site, UserFiles

Json = dict[str, Any]
# So often a site is waited for before it counts as one that does not come again.
MOST_WINDOWS = 2
# What was recorded is kept alive. When everything is recorded, this many steps are enough history.
MOST_HISTORY = 20_000
MOST_MEMORY = 2 << 30
STEPS_BETWEEN_LOOKS = 256
# Functions that run meanwhile ask no tape from eager code: so many of them are waited for.
MOST_FUNCTIONS = 1000
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class Recording:
    """Starts and stops the recorder; `raw` are the methods of a tape as TensorFlow has them."""

    def __init__(
        self,
        is_user_file: UserFiles,
        converted: Converted,
        raw: Mapping[str, Callable[..., Any]],
        emit: Callable[[Json], None],
    ) -> None:
        self.is_user_file = is_user_file
        self.converted = converted
        self.raw = raw
        self.emit = emit
        self.wanted: set[int] = set()
        self.is_total = False
        self.recorder: Recorder | None = None
        self.memory = 0
        self.looked = 0
        self.site: Site | None = None
        self.told = 0
        self.has_frozen = False
        self.functions = 0
        # Whether functions are followed that run while no tape does.
        self.follows = False

    @property
    def is_asking(self) -> bool:
        """Whether the recorder itself is asking a tape just now."""
        recorder = self.recorder
        return recorder is not None and recorder.is_muted and not recorder.is_elsewhere

    def record_all(self) -> None:
        """Record from now on, whatever happens."""
        self.is_total = True
        self._start()

    def want(self, site: Site) -> None:
        """Record until a site answers again."""
        if self.is_total or site.windows >= MOST_WINDOWS:
            return
        site.windows += 1
        self.wanted.add(site.number)
        if self.recorder is None:
            self._start()

    def passed(self, site: Site) -> None:
        """Hear that a site has answered."""
        self.site = site
        recorder = self.recorder
        if recorder is None or recorder.is_elsewhere:
            if recorder is not None and not _is_alive(recorder.thread) and self.wanted:
                # for: a thread for each step of each replica
                self.stop()
                self._start()
            return
        if len(recorder.events) - self.looked >= STEPS_BETWEEN_LOOKS:
            self.looked = len(recorder.events)
            is_large = _resident() - self.memory > MOST_MEMORY
            if self.is_total:
                if (is_large or self.looked > MOST_HISTORY) and not recorder.active:
                    recorder.begin_again()
                    self.looked = 0
            elif is_large or not recorder.is_complete:
                self.stop()

    def runs(self) -> Callable[[], None] | None:
        """Hear that a function is about to run; return what is to hear that it did.

        One that runs while no tape of the user's does is not followed, until a gradient turns out
        to depend on that.
        """
        recorder = self.recorder
        if recorder is None or self.is_total or recorder.is_elsewhere or recorder.active:
            return None
        tensorflow = recorder.runtime.tf
        if (
            self.follows
            or recorder.is_looking_away
            or tensorflow.config.functions_run_eagerly()
            or not tensorflow.executing_eagerly()
        ):
            return self._ran
        recorder.look_away()

        def ran() -> None:
            # Not the one that runs now, if another site asked meanwhile.
            recorder.look_again()
            self._ran()

        return ran

    def _ran(self) -> None:
        """Give up when nobody asks for a long time."""
        recorder = self.recorder
        self.functions += 1
        if recorder is not None and (self.functions > MOST_FUNCTIONS or not recorder.is_complete):
            self.stop()

    def stop(self) -> None:
        """Stop recording, and wait for no site any more."""
        self.wanted.clear()
        self.follows = False
        recorder, self.recorder = self.recorder, None
        if recorder is not None:
            recorder.uninstall()
        if self.has_frozen:
            self.has_frozen = False
            gc.unfreeze()

    def _start(self) -> None:
        runtime = TensorFlow.of(sys.modules["tensorflow"])
        recorder = Recorder(
            runtime,
            self.is_user_file,
            converted=self.converted,
            raw_gradient=self.raw["gradient"],
        )
        observer = Observer(recorder, lambda: None, self._observed, sees_python=False)
        self.memory, self.looked, self.functions = _resident(), 0, 0
        recorder.install()
        leaving.install(recorder)

        def answered(request: Request) -> None:
            self._explain(observer, request)

        TapeWatcher(recorder, answered, lambda: None).install()
        self.recorder = recorder
        if not self.is_total:
            base = runtime.variables.BaseResourceVariable
            recorder.watch_variables(v for v in _instances(base) if _has_eager_handle(v))
            self._freeze()

    def _freeze(self) -> None:
        """Keep the collector off what is there already, all of TensorFlow, while steps pile up.

        Each step that is kept brings on the next full collection, which would take the larger part
        of what a recorded turn costs.
        """
        if not gc.get_freeze_count():
            gc.freeze()
            self.has_frozen = True

    def _explain(self, observer: Observer, request: Request) -> None:
        """Tell why, where somebody wants to know; the site has just been counted."""
        site, self.site = self.site, None
        if site is None or request.error is not None:
            return
        if not (self.is_total or site.number in self.wanted) or observer.recorder.is_looking_away:
            return
        if self._depends_on_unseen(observer, request):
            self._record_again(site)
            return
        self.told = site.number
        try:
            observer.answered(request)
        except Exception as error:  # noqa: BLE001 - the program is not to suffer from it
            self.emit({"event": "trouble", "what": f"{type(error).__name__}: {error}"[:300]})
        self.wanted.discard(site.number)
        if not self.wanted and not self.is_total:
            self.stop()

    def _depends_on_unseen(self, observer: Observer, request: Request) -> bool:
        """Tell whether a function that was not followed leads from a source to a target."""
        recorder = observer.recorder
        if not recorder.unseen:
            return False
        flatten, unwrapped = recorder.runtime.tf.nest.flatten, recorder.runtime.unwrapped
        return any(
            event.serial in recorder.unseen
            for target in flatten(request.target)
            for source in flatten(request.sources)
            for event in observer.explainer.search(unwrapped(target), unwrapped(source)).on_way
        )

    def _record_again(self, site: Site) -> None:
        """Wait for a site once more, and follow all functions then."""
        wanted = set(self.wanted)
        if site.windows >= MOST_WINDOWS:
            wanted.discard(site.number)
        site.windows += 1
        self.stop()
        if wanted:
            self.wanted, self.follows = wanted, True
            self._start()

    def _observed(self, event: Json) -> None:
        bad = [s for s in event["sources"] if s["outcome"] not in ("value", "error")]
        if bad:
            self.emit({**event, "site": self.told, "sources": bad})


def _is_alive(thread: int) -> bool:
    return any(known.ident == thread for known in threading.enumerate())


def _instances(base: type) -> list[Any]:
    """Return the objects of a class; most objects share few types, which are looked at once."""
    known = gc.get_objects()
    types = {kind for kind in set(map(type, known)) if issubclass(kind, base)}
    return [value for value in known if type(value) in types]


def _has_eager_handle(variable: Any) -> bool:
    return hasattr(getattr(variable, "_handle", None), "_id")


def _resident() -> int:
    """Return the memory this process uses, in bytes; 0 where that cannot be told."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * PAGE
    except OSError:
        return 0
