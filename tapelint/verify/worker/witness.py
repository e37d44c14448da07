"""Set up one witness in its own process, and run it."""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib
import itertools
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from tapelint.verify.worker import leaving
from tapelint.verify.worker.boundary import Boundary, OutOfTurns
from tapelint.verify.worker.effects import Effects
from tapelint.verify.worker.guesses import ranges
from tapelint.verify.worker.instrument import Spots
from tapelint.verify.worker.modules import Modules
from tapelint.verify.worker.observer import Observer
from tapelint.verify.worker.patches import Patches
from tapelint.verify.worker.programs import Enough, Script
from tapelint.verify.worker.reading import Reading
from tapelint.verify.worker.recorder import Recorder
from tapelint.verify.worker.replays import Replay
from tapelint.verify.worker.runtime import TensorFlow
from tapelint.verify.worker.scaling import ScaleWatcher
from tapelint.verify.worker.seeking import Seeker
from tapelint.verify.worker.sliced import Sliced
from tapelint.verify.worker.tapes import Request, TapeWatcher
from tapelint.verify.worker.tolerant import Tolerant
from tapelint.verify.worker.updates import UpdateWatcher
from tapelint.verify.worker.workshop import Workshop

Json = dict[str, Any]
# A gradient call in a loop has been seen often enough after this, and sooner where turns are slow.
MOST_TURNS = 32
FEWEST_TURNS = 8
SECONDS = 2.0


def run(runtime: TensorFlow, request: Json, emit: Callable[[Json], None], patches: Patches) -> None:
    """Run the witness that `request` describes; everything it does goes to `emit`.

    What that changed of Python and TensorFlow is put back by `patches`.
    """
    _configure(runtime, request, emit, patches)
    spots = Spots()
    modules = Modules(request.get("roots", []), request.get("texts", {}), spots)
    reading = Reading(modules.is_of_project, os.getcwd())
    reading.install(patches)
    recorder = Recorder(runtime, modules.is_user_file)
    workshop = Workshop(
        recorder,
        request.get("world") == "variable",
        lambda text: emit({"event": "note", "text": text}),
    )
    effects = Effects(runtime, workshop.result, workshop.say)
    is_tolerant = bool(request.get("tolerant"))
    kind = Tolerant if is_tolerant else Boundary
    boundary = kind(recorder, spots, modules.is_user_code, workshop, effects)
    modules.with_attributes = is_tolerant
    boundary.most_turns = request.get("turns")
    boundary.emit = emit
    if nudge := request.get("nudge"):
        boundary.nudge = (request["main"], int(nudge["line"]), list(map(float, nudge["numbers"])))
        boundary.fills = bool(nudge.get("fills"))
    modules.helper = boundary
    observer = Observer(recorder, lambda: boundary.spot, emit, request.get("modes", ()))
    updates = UpdateWatcher(recorder, emit)
    updates.install()
    recorder.happened = updates.happened
    scales = ScaleWatcher(recorder, emit)
    scales.install()
    listeners = [observer.answered, updates.answered, scales.answered]
    if places := request.get("seeks"):
        seeker = Seeker(recorder, observer.explainer, map(tuple, places), emit)
        boundary.found_start = seeker.begin
        listeners.append(seeker.answered)
    watcher = _Watcher(request, listeners, recorder)
    recorder.install()
    patches.add(recorder.uninstall)
    leaving.install(recorder)
    TapeWatcher(recorder, watcher.answered, watcher.about_to_ask).install()
    modules.install(patches)
    try:
        _program(request, modules, boundary, watcher, emit)
    except Enough:
        emit({"event": "enough"})
    except OutOfTurns:
        pass
    emit({"event": "executed", "lines": boundary.lines()})
    trees = {file: ast.parse(modules.text(file)) for file, _ in recorder.guesses}
    emit({"event": "guessed", "lines": list(ranges(sorted(recorder.guesses), trees))})
    emit({"event": "read", "files": [*modules.loaded, *reading.files()]})


def _configure(
    runtime: TensorFlow, request: Json, emit: Callable[[Json], None], patches: Patches
) -> None:
    tf = runtime.tf
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.get_logger().setLevel("ERROR")
    seed = int(request.get("seed", 7))
    tf.keras.utils.set_random_seed(seed)
    _seed_generators(seed, patches)
    if request.get("functions", "eager") == "eager":
        patches.add(lambda: tf.config.run_functions_eagerly(False))
        tf.config.run_functions_eagerly(True)
        _tell_of_functions(tf, emit, patches)
        with contextlib.suppress(AttributeError, KeyError):
            pipelines = sys.modules[tf.data.experimental.enable_debug_mode.__module__]
            patches.set(pipelines, "DEBUG_MODE", True)


def _seed_generators(seed: int, patches: Patches) -> None:
    """Seed the generators of NumPy that a program leaves to chance: a second run is to be alike."""
    numpy = importlib.import_module("numpy").random
    original, seeds = numpy.default_rng, itertools.count(seed)

    @functools.wraps(original)
    def default_rng(seed: Any = None) -> Any:
        return original(next(seeds) if seed is None else seed)

    patches.set(numpy, "default_rng", default_rng)


def _tell_of_functions(tf: Any, emit: Callable[[Json], None], patches: Patches) -> None:
    """Send word once when a `tf.function` runs eagerly: as written it may behave otherwise."""
    function = type(tf.function(lambda: None))
    original = function.__call__
    told: list[bool] = []

    def call(self: Any, *arguments: Any, **keywords: Any) -> Any:
        if not told:
            told.append(True)
            emit({"event": "forced"})
        return original(self, *arguments, **keywords)

    patches.set(function, "__call__", call)


def _program(
    request: Json,
    modules: Modules,
    boundary: Boundary,
    watcher: _Watcher,
    emit: Callable[[Json], None],
) -> None:
    path, line = request["main"], int(request.get("line", 0))
    match request.get("way", "script"):
        case "replay":
            replay = Replay(modules, boundary, path, _module_name(path, modules.roots), emit)
            replay.run(line, lambda: bool(watcher.turns))
        case "slice":
            Sliced(modules, boundary, path, "__witness__", emit).run(line)
        case _:
            Script(modules, boundary, path, "__main__", emit).run()


def _module_name(path: str, roots: tuple[str, ...]) -> str:
    """Return the dotted name a module has for imports, from the outermost root that holds it."""
    holding = [root for root in roots if os.path.realpath(path).startswith(root + os.sep)]
    if not holding:
        return "__witness__"
    relative = os.path.relpath(os.path.realpath(path), min(holding, key=len))
    name = relative.removesuffix(".py").replace(os.sep, ".")
    return name if name.replace(".", "_").isidentifier() else "__witness__"


class _Watcher:
    """Passes requests on, and ends a program that only repeats itself."""

    def __init__(
        self, request: Json, listeners: Sequence[Callable[[Request], None]], recorder: Recorder
    ) -> None:
        self.main = request["main"]
        self.open = set(request.get("sites", []))
        self.is_limited = bool(self.open)
        self.turns: Counter[int] = Counter()
        self.listeners = listeners
        self.recorder = recorder
        self.began = time.process_time()

    def about_to_ask(self) -> None:
        """Stop when all calls that matter have been seen, and one of them too often."""
        if not self.is_limited or self.open:
            return
        turns = max(self.turns.values())
        is_slow = time.process_time() - self.began > SECONDS
        if turns > MOST_TURNS or (turns > FEWEST_TURNS and is_slow):
            raise Enough

    def answered(self, request: Request) -> None:
        """Pass an answer on to those who look at it."""
        for file, line in self.recorder.frames():
            if file == self.main:
                self.turns[line] += 1
                self.open.discard(line)
                break
        for listener in self.listeners:
            listener(request)
