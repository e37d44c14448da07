"""Run a script or a module as `python SCRIPT` and `python -m MODULE` do."""

from __future__ import annotations

import atexit
import ctypes
import importlib.util
import io
import json
import os
import pkgutil
import runpy
import signal
import sys
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from types import CodeType, TracebackType
from typing import Any

from tapelint.watch.program.channel import Channel
from tapelint.watch.program.sites import UserFiles
from tapelint.watch.program.watcher import Watcher

OWN = os.path.dirname(os.path.abspath(__file__)) + os.sep
PR_SET_PDEATHSIG = 1
REFUSED = 2


def run(given: str, arguments: Sequence[str]) -> None:
    """Run the program that `arguments` begin with; it ends this process as it ends."""
    settings = json.loads(given)
    channel = Channel(settings["events"], settings["counters"])
    _die_with(settings["parent"])
    target = arguments[0]
    sys.argv[:] = list(arguments)
    importer = None if settings["is_module"] else pkgutil.get_importer(target)
    if not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, _first_path(target, settings["is_module"], importer is not None))
    if importlib.util.find_spec("tensorflow") is None:
        channel.emit({"event": "refused", "python": sys.executable})
        sys.exit(REFUSED)
    files = UserFiles(_own_folder(target) if settings["is_module"] else os.path.dirname(target))
    watcher = Watcher(files, channel, is_traced=settings["trace"])
    watcher.install()
    atexit.register(watcher.finish)
    namespace = sys.modules["__main__"].__dict__
    for name in set(namespace) - {"__name__", "__builtins__", "__annotations__"}:
        del namespace[name]
    try:
        if settings["is_module"] or importer is not None:
            # What Python itself calls for `-m`, folders and zip files.
            runpy._run_module_as_main(  # type: ignore[attr-defined]
                target if settings["is_module"] else "__main__", settings["is_module"]
            )
        else:
            _run_script(target, namespace)
    except SystemExit:
        raise
    except BaseException as error:
        _show_without_us(error)
        raise


def _first_path(target: str, is_module: bool, is_container: bool) -> str:
    """Return what Python puts in front of the paths that imports are looked for in."""
    if is_module:
        return os.getcwd()
    return os.path.abspath(target) if is_container else os.path.dirname(os.path.realpath(target))


def _own_folder(module: str) -> str:
    """Return the folder of the package that a module is of: the user's, even if installed."""
    spec = importlib.util.find_spec(module.partition(".")[0])
    if spec is None or spec.origin is None:
        return os.getcwd()
    return os.path.dirname(spec.origin) if spec.submodule_search_locations else os.getcwd()


def _run_script(script: str, namespace: dict[str, Any]) -> None:
    path = os.path.abspath(script)
    namespace |= {
        "__doc__": None,
        "__package__": None,
        "__loader__": SourceFileLoader("__main__", path),
        "__spec__": None,
        "__file__": path,
        "__cached__": None,
    }
    namespace.setdefault("__annotations__", {})
    exec(_code(path), namespace)


def _code(path: str) -> CodeType:
    with io.open_code(path) as file:
        code: CodeType | None = pkgutil.read_code(file)
    if code is None:
        with io.open_code(path) as file:
            code = compile(file.read(), path, "exec", dont_inherit=True)
    return code


def _die_with(parent: int) -> None:
    """End when whoever started us is killed, as the program would that was killed itself."""
    if sys.platform != "linux":
        return
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError):
        return
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _show_without_us(error: BaseException) -> None:
    """Let the traceback that is printed in the end show the program's frames alone."""
    shown = sys.excepthook
    clean(error)
    own = error.__traceback__

    def hook(kind: Any, value: BaseException, trace: TracebackType | None) -> None:
        if value is error:
            trace = own
            value.__traceback__ = own
        shown(kind, value, trace)

    sys.excepthook = hook


def clean(error: BaseException) -> None:
    """Take our frames out of the tracebacks of an exception and of those that led to it."""
    pending: list[BaseException | None] = [error]
    seen: set[int] = set()
    while pending:
        current = pending.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        current.__traceback__ = _without_us(current.__traceback__)
        pending += [current.__cause__, current.__context__]


def _without_us(trace: TracebackType | None) -> TracebackType | None:
    kept = []
    while trace is not None:
        if not _is_ours(trace.tb_frame.f_code.co_filename):
            kept.append(trace)
        trace = trace.tb_next
    following: TracebackType | None = None
    for entry in reversed(kept):
        following = TracebackType(following, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return following


def _is_ours(file: str) -> bool:
    worker = os.path.join(os.path.dirname(os.path.dirname(OWN[:-1])), "verify", "worker") + os.sep
    return file.startswith((OWN, worker))
