"""File access of a witness: a few folders to read, one to write. Linux 5.13 and newer.

Enforced by the kernel, so it also holds for what TensorFlow's C++ does behind Python's back.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
ASK_VERSION = 1
PATH_BENEATH = 1
PR_SET_NO_NEW_PRIVS = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
FIRST_RIGHTS = (1 << 13) - 1
# Rights that make sense for a file; the kernel refuses the others there.
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
ALL_TCP = 3
ABSTRACT_SOCKETS_AND_SIGNALS = 3


def version() -> int:
    """Return which version of Landlock the kernel speaks, 0 for none."""
    if sys.platform != "linux":
        return 0
    found = _libc().syscall(CREATE_RULESET, None, 0, ASK_VERSION)
    return max(int(found), 0)


def apply(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Leave this process `readable` and `writable` paths, those below included, and no TCP.

    Paths that do not exist are skipped. Raises OSError where the kernel refuses.
    """
    known = version()
    if not known:
        raise OSError("this kernel has no Landlock")
    rights = FIRST_RIGHTS
    rights |= REFER if known >= 2 else 0
    rights |= TRUNCATE if known >= 3 else 0
    rights |= IOCTL_DEV if known >= 5 else 0
    attributes = struct.pack("Q", rights)
    if known >= 4:
        attributes += struct.pack("Q", ALL_TCP)
    if known >= 6:
        attributes += struct.pack("Q", ABSTRACT_SOCKETS_AND_SIGNALS)
    libc = _libc()
    ruleset = libc.syscall(CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    try:
        for path in readable:
            _allow(libc, ruleset, path, (READ_FILE | READ_DIR | EXECUTE) & rights)
        for path in writable:
            _allow(libc, ruleset, path, rights & ~EXECUTE)
        if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "no_new_privs")
        if libc.syscall(RESTRICT_SELF, ruleset, 0) != 0:
            raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):
            rights &= OF_FILES
        rule = struct.pack("=Qi", rights, descriptor)
        if libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, rule, 0) != 0:
            raise OSError(ctypes.get_errno(), f"landlock_add_rule for {path}")
    finally:
        os.close(descriptor)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
