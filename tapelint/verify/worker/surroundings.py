"""What surrounds a program in its process, and is no attribute of a module."""

from __future__ import annotations

import contextlib
import gc
import locale
import os
import signal
import sys
import threading
import time
from typing import Any

from tapelint.verify.worker.runtime import TensorFlow

# More descriptors than a witness may have.
MOST_FILES = 512
# Of the code and the defaults of a function, and of the bases of a class.
EXCHANGES = ("object.__setattr__", "object.__delattr__")


def surroundings(runtime: TensorFlow) -> dict[str, object]:
    """Return what a later program could see of this process, under names to tell of.

    Functions to call at exit are not among it: the process ends without them.
    """
    return {
        "the environment": dict(os.environ),
        "the time zone": time.tzname,
        "the locale": _locale(),
        "the mask of new files": _mask(),
        "open files": _open_files(),
        "threads": len(sys._current_frames()),
        "handlers of signals": _handlers(),
        "timers": _timers(),
        "limits of the interpreter": (
            sys.getrecursionlimit(),
            sys.getswitchinterval(),
            threading.stack_size(),
            getattr(sys, "get_int_max_str_digits", int)(),
        ),
        "tracing": (sys.gettrace(), sys.getprofile()),
        "the garbage collector": (gc.isenabled(), gc.get_threshold(), gc.get_debug()),
        "modules": {name: id(module) for name, module in list(sys.modules.items())},
        "settings of TensorFlow": _settings(runtime.tf),
        "open tapes": (
            runtime.pywrap.TFE_Py_TapeSetIsEmpty(),
            runtime.pywrap.TFE_Py_TapeSetIsStopped(),
        ),
    }


def difference(before: dict[str, object], now: dict[str, object]) -> str:
    """Return the name of the first thing that is not as it was, "" where everything is."""
    for name, value in before.items():
        if now[name] != value:
            return f"{name}{_which(value, now[name])}"
    return ""


def _which(before: object, now: object) -> str:
    if not isinstance(before, dict) or not isinstance(now, dict):
        return ""
    return next((f": {k}" for k in {**before, **now} if before.get(k) != now.get(k)), "")


def _locale() -> str:
    try:
        return locale.setlocale(locale.LC_ALL)
    except locale.Error:
        return ""


def _mask() -> int:
    mask = os.umask(0o77)
    os.umask(mask)
    return mask


def _open_files() -> frozenset[tuple[int, int, int]]:
    found = set()
    for descriptor in range(MOST_FILES):
        with contextlib.suppress(OSError):
            file = os.fstat(descriptor)
            found.add((descriptor, file.st_dev, file.st_ino))
    return frozenset(found)


def _timers() -> list[tuple[float, float]]:
    if sys.platform == "win32":
        return []
    return [signal.getitimer(kind) for kind in
            (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)]  # fmt: skip


def _settings(tf: Any) -> list[object]:
    """Return the settings that TensorFlow keeps in C++ (2.21), beside those of the context."""
    module = sys.modules[tf.config.experimental.enable_op_determinism.__module__]
    names = ("is_op_determinism_enabled", "tensor_float_32_execution_enabled")
    return [getattr(module, name, int)() for name in names]


def _handlers() -> dict[int, object]:
    return {number: signal.getsignal(number) for number in signal.valid_signals()}


class Listener:
    """Hears of what leaves a trace that nobody can see later: hooks, and code that is exchanged."""

    def __init__(self) -> None:
        self.heard = ""
        self.modules = frozenset(sys.modules) - {"__main__"}
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "sys.addaudithook":
            self.heard = "hooks of the interpreter"
        elif event in EXCHANGES and self._is_known(arguments[0]):
            self.heard = f"{arguments[1]} of {arguments[0]!r}"

    def _is_known(self, changed: object) -> bool:
        """Tell whether a function or class is one of those that were there before."""
        module = getattr(changed, "__module__", None)
        if module not in self.modules:
            return False
        found: object = sys.modules.get(module)
        for name in str(getattr(changed, "__qualname__", "")).split("."):
            found = getattr(found, name, None)
        # For: collections.namedtuple, which makes a class in its own module's name.
        return found is changed
