"""Find the interpreter that has TensorFlow, and say in one sentence why there is none."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# Passed on to the worker; everything else of the environment may hold secrets.
PASSED_ON = (
    "PATH", "PYTHONPATH", "PYTHONHOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "SYSTEMROOT", "TF_USE_LEGACY_KERAS",
)  # fmt: skip
ENVIRONMENTS = (".venv", "venv", ".env", "env")


class NoTensorFlow(Exception):
    """Nothing can be verified here; the text is the sentence to show."""


@dataclass(frozen=True, slots=True)
class Installation:
    """The TensorFlow that answered: where, which versions, and what confines a witness there."""

    python_path: str
    tensorflow: str
    keras: str
    python: str
    can_fork: bool
    landlock: int
    has_seccomp: bool
    seconds: float

    @property
    def sandbox(self) -> str:
        """Say how well a witness is confined: full, partial or weak."""
        if self.landlock and self.has_seccomp:
            return "full"
        return "partial" if self.landlock or self.has_seccomp else "weak"


def interpreter(asked: str | None, project: Path) -> str:
    """Return the interpreter to use: the one asked for, this one, or the project's own.

    Raises `NoTensorFlow` where the one that was asked for cannot be run.
    """
    if asked is not None:
        if not os.access(asked, os.X_OK) or os.path.isdir(asked):
            raise NoTensorFlow(f"`{asked}` is no Python interpreter that can be run")
        return asked
    if has_tensorflow(sys.path):
        return sys.executable
    return environment_of(project) or sys.executable


def has_tensorflow(folders: list[str]) -> bool:
    """Tell whether one of the import folders has the package, without importing anything."""
    return any(os.path.isfile(os.path.join(f, "tensorflow", "__init__.py")) for f in folders if f)


def environment_of(project: Path) -> str | None:
    """Return the interpreter of the virtual environment that lies in a project, if it has one."""
    program = Path("Scripts", "python.exe") if os.name == "nt" else Path("bin", "python")
    for folder in (project, *project.parents):
        for name in ENVIRONMENTS:
            candidate = folder / name / program
            if (folder / name / "pyvenv.cfg").is_file() and candidate.exists():
                return str(candidate)
        if (folder / ".git").exists():
            return None
    return None


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the worker: little of `given`, and no secrets."""
    kept = {name: given[name] for name in PASSED_ON if name in given}
    return {**kept, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


def missing(python: str) -> str:
    """Say that an interpreter has no TensorFlow, and what to do about it."""
    advice = f"run `{shlex.quote(python)} -m pip install tensorflow`, or give `--python`"
    return f"TensorFlow is not installed for `{python}`: {advice}"


def refusal(python: str, kind: str, message: str) -> str:
    """Say why importing TensorFlow raised."""
    if kind == "ModuleNotFoundError" and "'tensorflow'" in message:
        return missing(python)
    if "tf_keras" in message:
        return (
            "TF_USE_LEGACY_KERAS is set, and `tf_keras` is not installed: unset it, or install it"
        )
    first = message.strip().split("\n")[0] or kind
    if kind == "NotSupported":
        return f"{first} (`{python}`)"
    return f"TensorFlow cannot be imported by `{python}`: {first}"


def death(python: str, status: int, said: str) -> str:
    """Say why the interpreter died before it had imported TensorFlow."""
    if status == -getattr(signal, "SIGILL", 4):
        return (
            "this build of TensorFlow needs instructions that the processor does not have: "
            "install another build"
        )
    if status < 0:
        return f"`{python}` was killed by signal {-status} while it imported TensorFlow"
    last = said.strip().split("\n")[-1] if said.strip() else f"exit code {status}"
    return f"`{python}` cannot run the verification: {last}"
