"""The project around a file: which file an import means, read and parsed when it is asked for.

Names of known libraries are never looked for; a module that is not found stays unknown.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from tapelint.analysis.syntax import SyntaxProblem, Unit
from tapelint.source.read import Unreadable, read
from tapelint.source.walk import show

# Never part of a project, even where a folder of that name lies about.
LIBRARIES = frozenset(
    {
        "tensorflow", "keras", "numpy", "scipy", "pandas", "matplotlib", "sklearn", "torch", "jax",
        "tf_keras", "tensorflow_probability", "tensorflow_datasets", "tensorflow_addons", "PIL",
        "absl", "typing", "os", "sys", "math", "collections", "functools", "itertools", "random",
        "time", "json", "re", "abc", "dataclasses", "contextlib", "copy", "logging", "argparse",
        "unittest", "pytest", "tqdm", "cv2", "gym", "gymnasium", "enum", "pathlib", "types",
        "warnings", "operator", "datetime", "pickle", "shutil", "string", "threading", "inspect",
    }
)  # fmt: skip
MOST_BYTES = 200_000
MOST_PARENTS = 8
SOURCE_FOLDERS = ("src", "lib", "python")


class Project:
    """The files that the imports of one file lead to."""

    def __init__(self, path: str) -> None:
        self.path = os.path.realpath(path)
        self.roots = _roots(self.path)

    def locate(self, importer: str, level: int, module: str) -> str | None:
        """Return the file that `from ..module import` means in the file `importer`, or None."""
        parts = [part for part in module.split(".") if part]
        if level:
            folder = os.path.dirname(importer)
            for _ in range(level - 1):
                folder = os.path.dirname(folder)
            return _file(folder, tuple(parts))
        if not parts or parts[0] in LIBRARIES:
            return None
        nearest = (os.path.dirname(importer), *self.roots)
        for root in dict.fromkeys(nearest):
            found = _file(root, tuple(parts))
            if found is not None and found != importer:
                return found
        return None

    def submodule(self, package: str, name: str) -> str | None:
        """Return the file of a module in a package given by its `__init__.py`."""
        if os.path.basename(package) != "__init__.py":
            return None
        return _file(os.path.dirname(package), (name,))


@lru_cache(maxsize=256)
def _roots(path: str) -> tuple[str, ...]:
    """Return the folders that absolute imports of a file may start from, nearest first."""
    folder = os.path.dirname(path)
    found = [folder]
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folder = os.path.dirname(folder)
    found.append(folder)
    for _ in range(MOST_PARENTS):
        if is_top(folder):
            break
        parent = os.path.dirname(folder)
        if parent == folder:
            break
        folder = parent
        found.append(folder)
    found += [os.path.join(root, name) for root in tuple(found) for name in SOURCE_FOLDERS]
    return tuple(dict.fromkeys(root for root in found if os.path.isdir(root)))


def is_top(folder: str) -> bool:
    """Whether a folder is the top of a project: nothing above it is imported."""
    marks = (".git", ".hg", "pyproject.toml", "setup.py", "setup.cfg", "tapelint.toml")
    return any(os.path.exists(os.path.join(folder, mark)) for mark in marks)


@lru_cache(maxsize=20_000)
def _file(root: str, parts: tuple[str, ...]) -> str | None:
    base = os.path.join(root, *parts)
    for candidate in (f"{base}.py", os.path.join(base, "__init__.py")):
        if os.path.isfile(candidate):
            return os.path.realpath(candidate)
    return None


# A parsed file takes a hundred times its size.
@lru_cache(maxsize=24)
def unit_of(path: str) -> Unit | None:
    """Return the syntax of a file, None where it cannot be read or is too large to follow."""
    try:
        if os.path.getsize(path) > MOST_BYTES:
            return None
        unit = Unit(read(Path(path), show(Path(path), os.getcwd())))
        # Parsed now, so that what cannot be parsed is noticed here.
        unit.body  # noqa: B018
    except (OSError, Unreadable, SyntaxProblem, RecursionError):
        return None
    return unit
