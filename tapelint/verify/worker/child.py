"""The worker process: imports TensorFlow once, then forks a child for every witness.

This is the only file of tapelint that imports TensorFlow. The parent of all children never runs an
operation: a fork after the eager context exists hangs for ever in its first tf.function. Where no
fork is safe, the witnesses share this process.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

from tapelint.verify.worker import landlock, sandbox, scratch, seccomp
from tapelint.verify.worker.patches import Patches
from tapelint.verify.worker.patience import Patience
from tapelint.verify.worker.reporting import reporter
from tapelint.verify.worker.runtime import TensorFlow
from tapelint.verify.worker.sandbox import Limits
from tapelint.verify.worker.shared import Shared
from tapelint.verify.worker.witness import run

Json = dict[str, Any]
PROTOCOL = 2
CHUNK = 1 << 16
# What a child may send altogether.
MOST_BYTES = 8 << 20
SECONDS_BETWEEN_LOOKS = 0.5
QUIET = {
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # With oneDNN TensorFlow writes to standard error before it reads the level.
    "TF_ENABLE_ONEDNN_OPTS": "0",
    # A second thread of NumPy's would make the fork unsafe.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "KERAS_BACKEND": "tensorflow",
    "MPLBACKEND": "Agg",
}

# Run before the first witness where they share this process.
FIRST = """
import argparse, collections, copy, csv, dataclasses, datetime, enum, functools, glob, itertools
import json, logging, math, operator, os, pathlib, pickle, pprint, random, re, shutil, statistics
import string, sys, tempfile, time, timeit, typing, unittest, uuid, warnings

import numpy as np
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.layers.Dense(2, activation="relu"), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam(0.1)
data = tf.data.Dataset.from_tensor_slices((np.ones((4, 3), "float32"), np.ones((4, 1)))).batch(2)


@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - tf.cast(y, tf.float32)) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    if tf.reduce_sum(x) > 0:
        loss += 1
    return loss


for x, y in data:
    print(float(step(x, y)))
model.compile(optimizer="sgd", loss="mse")
model.fit(data, verbose=0)
"""


def serve(requests: int, answers: int, *, may_fork: bool = True) -> None:
    """Answer the requests that come as lines over one descriptor with lines over the other."""
    os.environ.update(QUIET)
    _silence()
    out = os.fdopen(answers, "w", buffering=1, encoding="ascii")
    # What a start-up file has printed ends here.
    out.write("\n")
    start = time.monotonic()
    try:
        runtime = _imported()
    except BaseException as error:  # noqa: BLE001 - whatever a broken installation raises
        _send(out, {"hello": False, "type": type(error).__name__, "message": str(error)[:500]})
        return
    can_fork = may_fork and hasattr(os, "fork") and sys.platform != "darwin" and _may_fork(runtime)
    hello = {**_hello(runtime, time.monotonic() - start), "can_fork": can_fork}
    gc.collect()
    gc.freeze()
    with os.fdopen(requests, "rb") as lines:
        if can_fork:
            _send(out, hello)
            _Zygote(runtime, lines, out).serve()
        else:
            shared = Shared(runtime, answers)
            shared.warm_up(FIRST)
            _send(out, hello)
            shared.serve(lines)


def _silence() -> None:
    """Send whatever native code says nowhere: only the two descriptors of the protocol count."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - for the life of the process


def _imported() -> TensorFlow:
    import tensorflow as tf

    if not hasattr(tf, "__version__"):
        raise ImportError("a folder or file called `tensorflow` hides the package")
    runtime = TensorFlow.of(tf)
    # Loaded on first use: better now, once, than in every child.
    _ = tf.keras.layers.Dense
    return runtime


def _hello(runtime: TensorFlow, seconds: float) -> Json:
    keras = getattr(runtime.tf.keras, "version", None)
    return {
        "hello": True,
        "protocol": PROTOCOL,
        "tensorflow": str(runtime.tf.__version__),
        "keras": str(keras() if callable(keras) else getattr(runtime.tf.keras, "__version__", "")),
        "python": sys.version.split()[0],
        "landlock": landlock.version(),
        "seccomp": sys.platform == "linux" and seccomp.is_supported(),
        "seconds": round(seconds, 2),
    }


def _may_fork(runtime: TensorFlow) -> bool:
    """Tell whether a fork is safe now: no eager context, and no second thread."""
    context = runtime.context._context
    if context is not None and context._context_handle is not None:
        return False
    threads = "/proc/self/task"
    return not os.path.isdir(threads) or len(os.listdir(threads)) == 1


def _send(out: IO[str], message: Json) -> None:
    out.write(json.dumps(message, default=str) + "\n")
    out.flush()


def _witness(runtime: TensorFlow, request: Json, folder: str, emit: Callable[[Json], None]) -> None:
    limits = Limits(**request.get("limits", {}))
    strength = sandbox.enter(limits, folder, request.get("readable", []))
    emit({"event": "sandbox", "strength": strength.word, "landlock": strength.landlock,
          "seccomp": strength.has_seccomp})  # fmt: skip
    random.seed(request.get("seed", 0))
    run(runtime, request, emit, Patches())


@dataclass(slots=True)
class _Child:
    """One running witness, seen from the zygote."""

    request: Json
    pid: int
    pipe: int
    folder: str
    nonce: str
    patience: Patience
    disk: int
    buffer: bytes = b""
    received: int = 0
    is_finished: bool = False


@dataclass(slots=True)
class _Zygote:
    """Forks, listens, and ends what takes too long."""

    runtime: TensorFlow
    lines: IO[bytes]
    out: IO[str]
    children: list[_Child] = field(default_factory=list)
    pending: bytes = b""
    is_open: bool = True
    looked: float = 0.0

    def serve(self) -> None:
        """Serve until there are no more requests and no more children."""
        while self.is_open or self.children:
            sources = [child.pipe for child in self.children]
            if self.is_open:
                sources.append(self.lines.fileno())
            first = min((c.patience.deadline for c in self.children), default=float("inf"))
            timeout = max(0.0, min(first - time.monotonic(), 1.0))
            ready, _, _ = select.select(sources, [], [], timeout)
            if self.lines.fileno() in ready and self.is_open:
                self._read_requests()
            for child in list(self.children):
                if child.pipe in ready:
                    self._read_child(child)
                elif time.monotonic() > child.patience.deadline and child.patience.is_over():
                    self._end(child, "timed out")
            self._look_at_folders()

    def _look_at_folders(self) -> None:
        """End a witness that fills the disk, which no limit of the system is for."""
        if time.monotonic() - self.looked < SECONDS_BETWEEN_LOOKS:
            return
        for child in list(self.children):
            if scratch.is_overfull(child.folder, child.disk):
                self._end(child, "wrote too much")
        self.looked = time.monotonic()

    def _read_requests(self) -> None:
        data = os.read(self.lines.fileno(), CHUNK)
        if not data:
            self.is_open = False
            return
        *complete, self.pending = (self.pending + data).split(b"\n")
        for line in complete:
            if line.strip():
                self._start(json.loads(line))

    def _start(self, request: Json) -> None:
        if not _may_fork(self.runtime):
            _send(self.out, {"id": request["id"], "event": "done", "fate": "unsafe fork"})
            return
        folder = scratch.make()
        nonce = os.urandom(16).hex()
        ours, theirs = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(ours)
            _run_child(self.runtime, request, folder, theirs, nonce, self)
        os.close(theirs)
        limits = Limits(**request.get("limits", {}))
        patience = Patience(pid, limits.seconds)
        self.children.append(_Child(request, pid, ours, folder, nonce, patience, limits.disk))

    def _read_child(self, child: _Child) -> None:
        data = os.read(child.pipe, CHUNK)
        child.received += len(data)
        if not data:
            self._end(child, "ended" if child.is_finished else "died")
            return
        if child.received > MOST_BYTES:
            self._end(child, "too much to say")
            return
        *complete, child.buffer = (child.buffer + data).split(b"\n")
        for line in complete:
            self._forward(child, line)

    def _forward(self, child: _Child, line: bytes) -> None:
        """Pass a line on that carries the child's nonce; anything else was not the reporter.

        Code that stole the nonce speaks for its own witness alone, and does not say how that ended.
        """
        with contextlib.suppress(ValueError, RecursionError):
            event = json.loads(line)
            if not isinstance(event, dict) or event.pop("nonce", None) != child.nonce:
                return
            if event.get("event") == "done":
                return
            if event.get("event") == "end":
                child.is_finished = True
            _send(self.out, {**event, "id": child.request["id"]})

    def _end(self, child: _Child, fate: str) -> None:
        with contextlib.suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.kill(child.pid, signal.SIGKILL)
        _, status = os.waitpid(child.pid, 0)
        os.close(child.pipe)
        self.children.remove(child)
        scratch.remove(child.folder)
        event: Json = {"id": child.request["id"], "event": "done", "fate": fate}
        if fate == "died":
            event["signal"] = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
            event["exit"] = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
        _send(self.out, event)


def _run_child(
    runtime: TensorFlow, request: Json, folder: str, pipe: int, nonce: str, zygote: _Zygote
) -> None:
    """Run one witness in a forked child, which never returns."""
    os.close(zygote.lines.fileno())
    os.close(zygote.out.fileno())
    for other in zygote.children:
        os.close(other.pipe)
    emit = reporter(pipe, {"nonce": nonce})
    status = 1
    try:
        _witness(runtime, request, folder, emit)
        emit({"event": "end"})
        status = 0
    except BaseException as error:  # noqa: BLE001 - an error of the worker itself
        with contextlib.suppress(BaseException):
            emit({"event": "failed", "what": f"{type(error).__name__}: {error}"[:500]})
    finally:
        os._exit(status)
