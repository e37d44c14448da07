"""A system call filter for a witness: no network, no other processes, no way out of the limits.

Linux on x86-64 and AArch64, by ctypes alone. Threads stay possible: TensorFlow needs them.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Sequence
from dataclasses import dataclass

ALLOW = 0x7FFF0000
KILL = 0x80000000
FAIL = 0x00050000
EPERM, ENOSYS = 1, 38
# Instructions of classic BPF.
LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
# Offsets into struct seccomp_data: arguments have 64 bits, the low half first.
NUMBER_AT, ARCHITECTURE_AT, ARGUMENTS_AT = 0, 4, 16
CLONE_THREAD = 0x10000
X32_BIT = 0x40000000
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_SET_MODE_FILTER = 1


@dataclass(frozen=True, slots=True)
class Architecture:
    """Numbers of one processor family: its name in the audit interface, and its system calls."""

    token: int
    seccomp: int
    calls: dict[str, int]


def _calls(listed: str) -> dict[str, int]:
    pairs = (entry.partition("=") for entry in listed.split())
    return {name: int(number) for name, _, number in pairs}


# Calls that old architectures have and AArch64 never got are simply missing there.
X86_64 = Architecture(
    0xC000003E,
    317,
    _calls(
        """
        socket=41 connect=42 accept=43 sendto=44 sendmsg=46 bind=49 listen=50 socketpair=53
        clone=56 fork=57 vfork=58 execve=59 kill=62 ptrace=101 setpgid=109 setsid=112
        pivot_root=155 setrlimit=160 chroot=161 mount=165 umount2=166 reboot=169 init_module=175
        tkill=200 kexec_load=246 add_key=248 request_key=249 keyctl=250 unshare=272 accept4=288
        perf_event_open=298 prlimit64=302 sendmmsg=307 setns=308 process_vm_readv=310
        process_vm_writev=311 finit_module=313 bpf=321 execveat=322 userfaultfd=323
        rt_sigqueueinfo=129 rt_tgsigqueueinfo=297 pidfd_send_signal=424 io_uring_setup=425
        pidfd_open=434 clone3=435 pidfd_getfd=438 process_madvise=440 tgkill=234 ioctl=16 fcntl=72
        shmget=29 semget=64 msgget=68 mq_open=240 memfd_create=319 memfd_secret=447 setpriority=141
        sched_setparam=142 sched_setscheduler=144 sched_setaffinity=203 sched_setattr=314
        ioprio_set=251 settimeofday=164 clock_settime=227 adjtimex=159 clock_adjtime=305
        sethostname=170 setdomainname=171 swapon=167 swapoff=168 acct=163 iopl=172 ioperm=173
        delete_module=176 quotactl=179 syslog=103 fanotify_init=300 open_by_handle_at=304
        open_tree=428 move_mount=429 fsopen=430 fsmount=432 mount_setattr=442
        chmod=90 fchmod=91 fchmodat=268 fchmodat2=452 chown=92 fchown=93 lchown=94 fchownat=260
        utime=132 utimes=235 futimesat=261 utimensat=280 setxattr=188 lsetxattr=189 fsetxattr=190
        removexattr=197 lremovexattr=198 fremovexattr=199
        """
    ),
)
AARCH64 = Architecture(
    0xC00000B7,
    277,
    _calls(
        """
        socket=198 socketpair=199 bind=200 listen=201 accept=202 connect=203 sendto=206
        sendmsg=211 clone=220 execve=221 kill=129 tkill=130 ptrace=117 setpgid=154 setsid=157
        pivot_root=41 setrlimit=164 chroot=51 mount=40 umount2=39 reboot=142 init_module=105
        kexec_load=104 add_key=217 request_key=218 keyctl=219 unshare=97 accept4=242
        perf_event_open=241 prlimit64=261 sendmmsg=269 setns=268 process_vm_readv=270
        process_vm_writev=271 finit_module=273 bpf=280 execveat=281 userfaultfd=282
        rt_sigqueueinfo=138 rt_tgsigqueueinfo=240 pidfd_send_signal=424 io_uring_setup=425
        pidfd_open=434 clone3=435 pidfd_getfd=438 process_madvise=440 tgkill=131 ioctl=29 fcntl=25
        shmget=194 semget=190 msgget=186 mq_open=180 memfd_create=279 memfd_secret=447
        setpriority=140 sched_setparam=118 sched_setscheduler=119 sched_setaffinity=122
        sched_setattr=274 ioprio_set=30 settimeofday=170 clock_settime=112 adjtimex=171
        clock_adjtime=266 sethostname=161 setdomainname=162 swapon=224 swapoff=225 acct=89
        delete_module=106 quotactl=60 syslog=116 fanotify_init=262 open_by_handle_at=265
        open_tree=428 move_mount=429 fsopen=430 fsmount=432 mount_setattr=442
        fchmod=52 fchmodat=53 fchmodat2=452 fchown=55 fchownat=54 utimensat=88 setxattr=5
        lsetxattr=6 fsetxattr=7 removexattr=14 lremovexattr=15 fremovexattr=16
        """
    ),
)
ARCHITECTURES = {"x86_64": X86_64, "aarch64": AARCH64}

# Answered below, by their arguments.
CONDITIONAL = frozenset({"clone", "clone3", "fcntl", "ioctl", "kill", "prlimit64", "tgkill"})
# Landlock leaves mode, owner, times and attributes of a file to whoever owns it. A program that
# copies a file within its folder sets them too: it is told that they are set, and nothing happens.
PRETENDED = frozenset(
    """
    chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat
    setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
    """.split()
)
# F_SETOWN, F_SETSIG, F_SETOWN_EX: a descriptor that is written to sends a signal to anybody.
SIGNALLING = (8, 10, 15)
# TIOCSTI, TIOCLINUX: typing into a terminal; FS_IOC_SETFLAGS and its kin: attributes of a file.
MEDDLING = (0x5412, 0x541C, 0x40086602, 0x40046602, 0x401C5820)


def is_supported() -> bool:
    """Tell whether the filter knows the system calls of this machine."""
    is_64_bit = struct.calcsize("P") == 8
    return os.name == "posix" and is_64_bit and platform.machine() in ARCHITECTURES


def program(architecture: Architecture, pid: int) -> bytes:
    """Return the filter for process `pid` as BPF instructions."""
    calls = architecture.calls
    instructions = [
        _step(LOAD, 0, 0, ARCHITECTURE_AT),
        _step(EQUAL, 1, 0, architecture.token),
        _step(RETURN, 0, 0, KILL),
        _step(LOAD, 0, 0, NUMBER_AT),
        # The x32 interface has numbers of its own for the same calls.
        _step(ANY_BIT, 0, 1, X32_BIT),
        _step(RETURN, 0, 0, FAIL | ENOSYS),
    ]
    for name, number in calls.items():
        if name not in CONDITIONAL:
            answer = FAIL | (0 if name in PRETENDED else EPERM)
            instructions += [_step(EQUAL, 0, 1, number), _step(RETURN, 0, 0, answer)]
    instructions += [
        # The C library asks `clone` where there is no `clone3`; its flags cannot be read here.
        _step(EQUAL, 0, 1, calls["clone3"]),
        _step(RETURN, 0, 0, FAIL | ENOSYS),
        *_when(calls["clone"], _if_bits(0, CLONE_THREAD)),
        *_when(calls["kill"], _if_equal(0, pid)),
        *_when(calls["tgkill"], _if_equal(0, pid)),
        *_when(calls["fcntl"], _if_none_of(1, SIGNALLING)),
        *_when(calls["ioctl"], _if_none_of(1, MEDDLING)),
        # Reading the own limits is fine: the new ones are a null pointer.
        *_when(calls["prlimit64"], _if_null(2)),
        _step(RETURN, 0, 0, ALLOW),
    ]
    return b"".join(instructions)


def apply() -> None:
    """Filter the system calls of this process from now on; raise OSError where that fails."""
    architecture = ARCHITECTURES[platform.machine()]
    code = program(architecture, os.getpid())
    buffer = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))

    filter_ = Program(len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")
    if libc.syscall(architecture.seccomp, SECCOMP_SET_MODE_FILTER, 0, ctypes.byref(filter_)) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


def _step(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value & 0xFFFFFFFF)


def _argument(index: int) -> int:
    return ARGUMENTS_AT + 8 * index


def _when(number: int, rest: list[bytes]) -> list[bytes]:
    """Run `rest`, which ends in an answer, for the system call `number`."""
    return [_step(EQUAL, 0, len(rest), number), *rest]


def _if_bits(argument: int, bits: int) -> list[bytes]:
    return [
        _step(LOAD, 0, 0, _argument(argument)),
        _step(ANY_BIT, 1, 0, bits),
        _step(RETURN, 0, 0, FAIL | EPERM),
        _step(RETURN, 0, 0, ALLOW),
    ]


def _if_equal(argument: int, value: int) -> list[bytes]:
    return [
        _step(LOAD, 0, 0, _argument(argument)),
        _step(EQUAL, 1, 0, value),
        _step(RETURN, 0, 0, FAIL | EPERM),
        _step(RETURN, 0, 0, ALLOW),
    ]


def _if_none_of(argument: int, values: Sequence[int]) -> list[bytes]:
    steps = [_step(LOAD, 0, 0, _argument(argument))]
    for left, value in zip(range(len(values), 0, -1), values, strict=True):
        steps.append(_step(EQUAL, left, 0, value))
    return [*steps, _step(RETURN, 0, 0, ALLOW), _step(RETURN, 0, 0, FAIL | EPERM)]


def _if_null(argument: int) -> list[bytes]:
    return [
        _step(LOAD, 0, 0, _argument(argument)),
        _step(EQUAL, 0, 2, 0),
        _step(LOAD, 0, 0, _argument(argument) + 4),
        _step(EQUAL, 1, 0, 0),
        _step(RETURN, 0, 0, FAIL | EPERM),
        _step(RETURN, 0, 0, ALLOW),
    ]
