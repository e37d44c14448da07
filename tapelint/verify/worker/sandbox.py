"""Everything that is put round one witness: limits of the system, Landlock, seccomp, audit hook.

Applied by the forked child to itself, before it runs a line of the user's code.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from tapelint.verify.worker import audit, landlock, seccomp

MEGABYTE = 1024 * 1024
PR_SET_PDEATHSIG = 1
# TensorFlow reserves 3 GB of addresses on a machine with many cores.
LEAST_MEMORY = 6 * 1024 * MEGABYTE
SYSTEM_FOLDERS = ("/usr", "/lib", "/lib64", "/etc", "/sys/devices/system", "/opt")
# Of other processes nothing: their environments hold secrets, which root may read in spite of
# Landlock (Linux 6.18).
PROCESS = (
    "/proc/self", "/proc/cpuinfo", "/proc/filesystems", "/proc/loadavg", "/proc/meminfo",
    "/proc/stat", "/proc/sys", "/proc/uptime", "/proc/version", "/proc/driver",
)  # fmt: skip
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one witness may use: wall-clock and processor seconds, bytes of memory and of a file.

    `disk` is for all files together: whoever started the witness sees to that.
    """

    seconds: float = 20.0
    memory: int = LEAST_MEMORY
    file_size: int = 64 * MEGABYTE
    disk: int = 512 * MEGABYTE
    files: int = 256


@dataclass(frozen=True, slots=True)
class Strength:
    """Which layers hold in a child, as the child itself found out."""

    landlock: int
    has_seccomp: bool

    @property
    def word(self) -> str:
        """Say how strong that is: full, partial or weak."""
        if self.landlock and self.has_seccomp:
            return "full"
        return "partial" if self.landlock or self.has_seccomp else "weak"


def readable_folders() -> list[str]:
    """Return what a Python program has to read: the system, the interpreter, its packages."""
    folders = [*SYSTEM_FOLDERS, *PROCESS, *DEVICES, sys.prefix, sys.base_prefix, sys.exec_prefix]
    folders += [os.path.realpath(sys.executable), *filter(None, sys.path)]
    # The worker's own modules are imported after the fork as well.
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return list(dict.fromkeys([*folders, package]))


def enter(
    limits: Limits, scratch: str, readable: Sequence[str], *, is_shared: bool = False
) -> Strength:
    """Confine this process to `scratch` for writing and `readable` for reading.

    `readable` comes on top of what Python itself needs. Layers that the system does not have are
    left out; the answer says which hold. The time of a process that `is_shared` by witnesses is
    nobody's own: it is ended by the clock alone.
    """
    _detach(scratch)
    _limit(limits, is_shared=is_shared)
    strength = Strength(_lock_files(scratch, readable), _filter_calls())
    audit.apply([scratch])
    return strength


def _detach(scratch: str) -> None:
    """Cut the ties to the terminal, the parent's environment and the user's home."""
    if hasattr(os, "setsid"):
        with contextlib.suppress(OSError):  # it leads a session already
            os.setsid()
    if sys.platform == "linux":
        # Nothing outlives the process that is to answer for it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    os.chdir(scratch)
    for name in ("HOME", "TMPDIR", "KERAS_HOME", "TF_KERAS_HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR"):
        os.environ[name] = scratch
    tempfile.tempdir = scratch


def _limit(limits: Limits, *, is_shared: bool = False) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    memory = max(limits.memory, LEAST_MEMORY)
    seconds = int(limits.seconds) + 1
    wanted = {
        resource.RLIMIT_AS: (memory, memory),
        resource.RLIMIT_CPU: (seconds, seconds + 1),
        resource.RLIMIT_FSIZE: (limits.file_size, limits.file_size),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_NOFILE: (limits.files, limits.files),
    }
    if is_shared:
        del wanted[resource.RLIMIT_CPU]
    for kind, (soft, hard) in wanted.items():
        try:
            resource.setrlimit(kind, (soft, hard))
        except (OSError, ValueError):  # the system allows less already
            continue
    # A file that grows too large is an error, not the end of the process.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def _lock_files(scratch: str, readable: Sequence[str]) -> int:
    try:
        landlock.apply([*readable_folders(), *readable], [scratch, os.devnull])
    except OSError:
        return 0
    return landlock.version()


def _filter_calls() -> bool:
    if sys.platform != "linux" or not seccomp.is_supported():
        return False
    try:
        seccomp.apply()
    except OSError:
        return False
    return True
