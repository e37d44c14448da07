"""The folder of a witness, seen from outside: how much is in it, and how to be rid of all of it.

What lies there was made by code that is not trusted: a million files, folders in folders beyond
any path's length, folders that cannot be listed.
"""

from __future__ import annotations

import contextlib
import os
import tempfile

BLOCK = 512
# Nobody's program needs more of them.
MOST_ENTRIES = 20_000
MOST_LEVELS = 64
OPEN = 0o700


def make() -> str:
    """Return a new folder for one witness."""
    return tempfile.mkdtemp(prefix="tapelint-")


def is_overfull(folder: str, most_bytes: int) -> bool:
    """Tell whether a folder holds more than it may, in bytes on the disk, entries or levels."""
    total = entries = 0
    pending = [(folder, 0)]
    while pending:
        path, level = pending.pop()
        if level > MOST_LEVELS:
            return True
        try:
            found = os.scandir(path)
        except OSError:  # removed meanwhile, or closed: then nothing can be put there either
            continue
        with found:
            for entry in found:
                entries += 1
                try:
                    file = entry.stat(follow_symlinks=False)
                    total += getattr(file, "st_blocks", 1 + file.st_size // BLOCK) * BLOCK
                    if entry.is_dir(follow_symlinks=False):
                        pending.append((entry.path, level + 1))
                except OSError:
                    continue
                if entries > MOST_ENTRIES or total > most_bytes:
                    return True
    return False


def remove(folder: str) -> None:
    """Remove a folder whose witness has ended, with everything in it."""
    clear(folder)
    with contextlib.suppress(OSError):
        os.rmdir(folder)


def clear(folder: str) -> None:
    """Remove everything in a folder whose witness has ended.

    What is nested is moved up before it is emptied: paths stay short, and nothing recurses.
    """
    serial = 0
    while folders := _emptied(folder):
        for inner in folders:
            for nested in _emptied(inner):
                serial += 1
                with contextlib.suppress(OSError):
                    os.rename(
                        nested, os.path.join(folder, f"{os.path.basename(inner)[:20]}-{serial}")
                    )
            try:
                os.rmdir(inner)
            except OSError:  # somebody else's by now: better a folder that is left than a loop
                return


def _emptied(folder: str) -> list[str]:
    """Remove the files of a folder, and return the folders in it."""
    folders = []
    with contextlib.suppress(OSError):
        os.chmod(folder, OPEN)
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    with contextlib.suppress(OSError):
                        os.unlink(entry.path)
    return folders
