"""Run attacks behind one layer of the sandbox, or behind none: `python layered.py < JOBS`.

A job is a line of JSON; its answer is what the attack left in `found`. TensorFlow is imported once.
Each attack has a process of its own, and that one a parent of its own, which may be attacked.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
from collections.abc import Mapping
from typing import Any

SECONDS = 8.0
QUIET = {
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


def main() -> None:
    """Answer the jobs one after the other."""
    os.environ.update(QUIET)
    import numpy as np
    import tensorflow as tf

    gc.collect()
    gc.freeze()
    libraries = {"np": np, "tf": tf}
    answers = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    for line in sys.stdin:
        job = json.loads(line)
        found = beside(job, libraries)
        os.write(answers, json.dumps({"found": found}).encode() + b"\n")


def beside(job: Mapping[str, Any], libraries: Mapping[str, Any]) -> str:
    """Run an attack below a process that is its parent, and return what it found."""
    ours, theirs = os.pipe()
    parent = os.fork()
    if not parent:
        os.setsid()
        attacker = os.fork()
        if not attacker:
            attack(job, libraries, theirs)
        # The pipe stays open until then: what takes the attacker's place closes its own end.
        os.waitpid(attacker, 0)
        os._exit(0)
    os.close(theirs)
    data = b""
    while select.select([ours], [], [], SECONDS)[0] and (chunk := os.read(ours, 1 << 16)):
        data += chunk
    for name in os.listdir("/proc"):
        if name.isdecimal() and is_of(int(name), parent):
            os.kill(int(name), signal.SIGKILL)
    os.close(ours)
    os.waitpid(parent, 0)
    return data.decode("utf-8", "replace")


def is_of(process: int, session: int) -> bool:
    """Tell whether a process belongs to a session that an attack may have filled."""
    try:
        return os.getsid(process) == session
    except OSError:
        return False


def attack(job: Mapping[str, Any], libraries: Mapping[str, Any], out: int) -> None:
    """Confine this process by one layer, run the attack, and never return."""
    namespace: dict[str, Any] = {**libraries, "OUT": job["out"], "PORT": job["port"], "found": ""}
    try:
        confine(job["layer"], job["scratch"], job["project"])
        exec(job["text"], namespace)
    finally:
        os.write(out, str(namespace["found"]).encode("utf-8", "replace"))
        os._exit(0)


def confine(layer: str, scratch: str, project: str) -> None:
    """Apply one layer as the sandbox does, which applies them all."""
    from tapelint.verify.worker import audit, landlock, sandbox, seccomp

    os.chdir(scratch)
    match layer:
        case "base":
            sandbox._detach(scratch)
            sandbox._limit(sandbox.Limits(SECONDS))
        case "hook":
            audit.apply([scratch])
        case "filter":
            seccomp.apply()
        case "Landlock":
            landlock.apply([*sandbox.readable_folders(), project], [scratch, os.devnull])


if __name__ == "__main__":
    main()
