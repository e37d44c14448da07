"""Run one witness after the other in this process, where there is no fork that is safe.

Before the next one comes everything that tapelint and an ordinary program change is put back, and
what can be seen of the process is compared with what it was before the first. Where anything
differs, the process says so and is replaced: no witness runs where another one has left a trace.
"""

from __future__ import annotations

import contextlib
import contextvars
import gc
import importlib
import json
import os
import pkgutil
import random
import sys
import tempfile
import warnings
from collections.abc import Callable
from typing import IO, Any

from tapelint.verify.worker import sandbox, scratch
from tapelint.verify.worker.heap import Heap
from tapelint.verify.worker.patches import Patches
from tapelint.verify.worker.reporting import reporter
from tapelint.verify.worker.runtime import TensorFlow
from tapelint.verify.worker.sandbox import Limits
from tapelint.verify.worker.surroundings import Listener, difference, surroundings
from tapelint.verify.worker.witness import run

Json = dict[str, Any]
# What a process may grow to beyond what it was, in bytes.
MOST_GROWTH = 1 << 30
FUNCTIONS = "tensorflow.python.eager.polymorphic_function"
# Caches and counters: what they hold is no one's business, or is made anew with the context.
IGNORED = frozenset({
    "keras.src.backend.common.global_state.GLOBAL_SETTINGS_TRACKER",
    "keras.src.backend.common.global_state.GLOBAL_STATE_TRACKER",
    "tensorflow.python.eager.context._context",
    "tensorflow.python.eager.context._device_parsing_cache",
    "tensorflow.python.eager.context._tensor_caches_map",
    f"{FUNCTIONS}.atomic_function.RUNTIME_FUNCTION_REFS",
    f"{FUNCTIONS}.polymorphic_function._frequent_tracing_detector_manager",
    "tensorflow.python.ops.script_ops._py_funcs._unique_id",
    "tensorflow.python.platform.tf_logging._log_counter_per_token",
    "tensorflow.python.util.tf_should_use._WRAPPERS",
})  # fmt: skip
# Registries that programs add to, and that nothing outside Python knows of.
REGISTRIES = frozenset({
    "keras.src.saving.object_registration.GLOBAL_CUSTOM_NAMES",
    "keras.src.saving.object_registration.GLOBAL_CUSTOM_OBJECTS",
    "logging.Logger.manager.loggerDict",
})  # fmt: skip
# Modules that are only imported when they are first used.
LAZY = ("tensorflow.python.data.ops", "tensorflow.keras")


class Shared:
    """This process, as the witnesses share it."""

    def __init__(self, runtime: TensorFlow, answers: int) -> None:
        self.runtime = runtime
        self.answers = answers
        self.clear_session = runtime.tf.keras.backend.clear_session
        self.reset_context = runtime.context._reset_context
        self.strength: sandbox.Strength | None = None
        self.folder = ""

    def warm_up(self, program: str) -> None:
        """Run a program that uses what others use: nothing of that is anybody's trace."""
        for name in LAZY:
            _import_all(name)
        self.folder = tempfile.tempdir = scratch.make()
        first = os.path.join(self.folder, "first.py")
        for functions in ("eager", "graph"):
            self._witness({"main": first, "texts": {first: program}, "functions": functions},
                          lambda event: None)  # fmt: skip
        os.chdir(os.path.dirname(self.folder))
        scratch.remove(self.folder)

    def serve(self, lines: IO[bytes]) -> None:
        """Run the requests that come, until none comes or one leaves a trace."""
        for line in lines:
            request = json.loads(line)
            emit = reporter(self.answers, {"id": request["id"], "nonce": request["nonce"]})
            if self.strength is None:
                self._settle(request)
            trace = self._run(request, emit)
            is_full = _size() - self.size > MOST_GROWTH
            emit({"event": "done", "fate": "ended", "trace": trace, "is_full": is_full})
            if trace or is_full:
                break
        # Functions to call at exit are the witness's.
        os._exit(0)

    def _settle(self, request: Json) -> None:
        """Confine the process, and look at what there is."""
        self.folder = request["scratch"]
        limits = Limits(**request.get("limits", {}))
        self.strength = sandbox.enter(
            limits, self.folder, request.get("readable", []), is_shared=True
        )
        gc.freeze()
        self.heap = Heap(IGNORED)
        self.surroundings = surroundings(self.runtime)
        self.listener = Listener()
        self.size = _size()

    def _run(self, request: Json, emit: Callable[[Json], None]) -> str:
        """Run a witness; return what it left behind, "" where that is nothing."""
        assert self.strength is not None
        emit({"event": "sandbox", "strength": self.strength.word,
              "landlock": self.strength.landlock, "seccomp": self.strength.has_seccomp})  # fmt: skip
        try:
            self._witness(request, emit)
            emit({"event": "end"})
        except BaseException as error:  # noqa: BLE001 - an error of the worker itself
            emit({"event": "failed", "what": f"{type(error).__name__}: {error}"[:500]})
            return "an error of the worker"
        return self._trace()

    def _witness(self, request: Json, emit: Callable[[Json], None]) -> None:
        """Run a witness, and put back what that changes by itself."""
        patches = Patches()
        random.seed(request.get("seed", 0))
        try:
            with warnings.catch_warnings():
                # What belongs to a context (NumPy's `seterr`) ends with it.
                contextvars.copy_context().run(run, self.runtime, request, emit, patches)
        finally:
            patches.undo()
            self._renew()

    def _renew(self) -> None:
        """Begin anew with the state that TensorFlow and Keras have functions to renew."""
        os.chdir(self.folder)
        self.clear_session()
        # Devices, seeds and settings with it: for the next program nothing has been run yet. What
        # nobody holds any more is collected first.
        self.reset_context()

    def _trace(self) -> str:
        self.heap.put_back(REGISTRIES)
        if found := self.listener.heard or difference(
            self.surroundings, surroundings(self.runtime)
        ):
            return found
        return next(self.heap.changes(), "")


def _import_all(name: str) -> None:
    with contextlib.suppress(ImportError):
        folders = importlib.import_module(name).__path__
        for module in pkgutil.walk_packages(folders, f"{name}.", onerror=lambda name: None):
            if not module.name.endswith("_test"):
                with contextlib.suppress(Exception):
                    importlib.import_module(module.name)


def _size() -> int:
    """Return how large this process has been, 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
