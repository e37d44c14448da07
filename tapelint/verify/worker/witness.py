"""Set up one witness in its own process, and run it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from tapelint.verify.worker import leaving
from tapelint.verify.worker.boundary import Boundary, OutOfTurns
from tapelint.verify.worker.instrument import Spots
from tapelint.verify.worker.modules import Modules
from tapelint.verify.worker.observer import Observer
from tapelint.verify.worker.programs import Enough, Script
from tapelint.verify.worker.recorder import Recorder
from tapelint.verify.worker.runtime import TensorFlow
from tapelint.verify.worker.tapes import Request, TapeWatcher
from tapelint.verify.worker.updates import UpdateWatcher

Json = dict[str, Any]


def run(runtime: TensorFlow, request: Json, emit: Callable[[Json], None]) -> None:
    """Run the witness that `request` describes; everything it does goes to `emit`."""
    tf = runtime.tf
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.get_logger().setLevel("ERROR")
    tf.keras.utils.set_random_seed(int(request.get("seed", 7)))
    if request.get("functions", "eager") == "eager":
        tf.config.run_functions_eagerly(True)
        tf.data.experimental.enable_debug_mode()
    spots = Spots()
    modules = Modules(request.get("roots", []), request.get("texts", {}), spots)
    boundary: Boundary | None = None

    def spot() -> Any:
        return boundary.spot if boundary else None

    recorder = Recorder(runtime, modules.is_user_file, spot)
    boundary = Boundary(recorder, spots, modules.is_user_code)
    boundary.most_turns = request.get("turns")
    modules.helper = boundary
    observer = Observer(recorder, spot, emit)
    recorder.install()
    leaving.install(recorder)
    updates = UpdateWatcher(recorder, emit)
    recorder.happened = updates.happened

    def answered(asked: Request) -> None:
        observer.answered(asked)
        updates.answered(asked)

    TapeWatcher(recorder, answered).install()
    modules.install()
    script = Script(modules, request["main"], "__main__", emit)
    with contextlib.suppress(Enough, OutOfTurns):
        script.run()
    emit({"event": "executed", "lines": boundary.lines()})
