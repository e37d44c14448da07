"""A Python-level guard: names what a witness tried, and stops it where nothing stronger does.

Code in C++ (`tf.io.write_file`) does not pass here; Landlock and the system call filter hold that.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
REFUSED = (
    "ctypes.", "ftplib.", "gc.get_", "os.exec", "os.fork", "os.kill",
    "os.posix_spawn", "os.putenv", "os.spawn", "os.startfile", "os.system", "pty.",
    "resource.setrlimit", "smtplib.", "socket.", "subprocess.", "sqlite3.connect", "sys.setprofile",
    "syslog.", "urllib.", "webbrowser.",
)  # fmt: skip
# Their first arguments are paths.
CHANGING = (
    "os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir",
    "os.setxattr", "os.symlink", "os.truncate", "os.utime", "shutil.",
)  # fmt: skip
REFUSED_MODULES = frozenset(
    {"_ctypes", "_posixsubprocess", "_socket", "cffi", "ctypes", "multiprocessing", "pty"}
)


class Refused(PermissionError):
    """What a witness tried and may not do; the text says it in a few words."""


def apply(writable: Iterable[str]) -> None:
    """Refuse effects outside `writable` for the rest of this process's life."""
    roots = tuple(os.path.realpath(path) + os.sep for path in writable)

    def is_inside(path: object) -> bool:
        if not isinstance(path, (str, bytes)):
            return isinstance(path, int)  # a descriptor was opened by somebody who may
        real = os.path.realpath(os.fsdecode(path))
        return real == os.devnull or (real + os.sep).startswith(roots)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        match event:
            case "open":
                path, mode, flags = arguments
                writes = isinstance(flags, int) and bool(flags & WRITING)
                writes |= isinstance(mode, str) and any(letter in mode for letter in "wax+")
                if writes and not is_inside(path):
                    raise Refused(f"writing to {path!r}")
            case "import":
                if arguments[0] in REFUSED_MODULES and arguments[0] not in sys.modules:
                    raise ImportError(f"a witness may not import {arguments[0]}")
            case _ if event.startswith(REFUSED):
                raise Refused(event)
            case _ if event.startswith(CHANGING):
                if not all(is_inside(a) for a in arguments if isinstance(a, (str, bytes))):
                    raise Refused(f"{event} of {arguments[0]!r}")

    sys.addaudithook(hook)
