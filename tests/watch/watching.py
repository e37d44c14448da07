"""Run programs under `tapelint run`, and the same ones under Python alone."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended, and what it wrote."""

    code: int
    out: str
    err: str


def write(folder: Path, text: str, name: str = "train.py") -> Path:
    """Write a program."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def environment() -> dict[str, str]:
    """Return the environment of a process that sees this checkout and a quiet TensorFlow."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "COLUMNS": "100"}
    hidden = ("NO_COLOR", "FORCE_COLOR", "TAPELINT_DEBUG")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return {**kept, **quiet, "CUDA_VISIBLE_DEVICES": "-1", "PYTHONPATH": str(ROOT)}


def start(command: Sequence[str], folder: Path) -> subprocess.Popen[str]:
    """Start a process whose output can be read."""
    return subprocess.Popen(
        list(command),
        cwd=folder,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(command: Sequence[str], folder: Path, given: str = "") -> Ended:
    """Run a process to its end."""
    process = start(command, folder)
    out, err = process.communicate(given, timeout=180)
    return Ended(process.returncode, out, err)


def watched(folder: Path, *arguments: str, given: str = "") -> Ended:
    """Run `tapelint run`."""
    return ended([sys.executable, "-m", "tapelint", "run", *arguments], folder, given)


def plain(folder: Path, *arguments: str, given: str = "") -> Ended:
    """Run Python."""
    return ended([sys.executable, *arguments], folder, given)
