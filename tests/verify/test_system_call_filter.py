"""The system call filter answers as it should, worked out without a kernel."""

from __future__ import annotations

import struct

import pytest

from tapelint.verify.worker.seccomp import (
    AARCH64,
    ALLOW,
    CLONE_THREAD,
    FAIL,
    KILL,
    PRETENDED,
    X32_BIT,
    X86_64,
    Architecture,
    program,
)

PID = 4711
EPERM, ENOSYS = FAIL | 1, FAIL | 38
# Calls that TensorFlow needs: read, mmap, futex, openat.
HARMLESS = {"x86_64": (0, 9, 202, 257), "aarch64": (63, 222, 98, 56)}
BOTH = pytest.mark.parametrize("architecture", [X86_64, AARCH64], ids=["x86_64", "aarch64"])


def answer(
    architecture: Architecture,
    number: int,
    *arguments: int,
    token: int | None = None,
) -> int:
    """Run the filter on one system call, as the kernel would."""
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("=iIQ6Q", number, token or architecture.token, 0, *padded)
    code = program(architecture, PID)
    steps = [struct.unpack("HBBI", code[i : i + 8]) for i in range(0, len(code), 8)]
    loaded = at = 0
    while True:
        kind, if_true, if_false, value = steps[at]
        at += 1
        match kind:
            case 0x20:
                (loaded,) = struct.unpack_from("=I", data, value)
            case 0x15:
                at += if_true if loaded == value else if_false
            case 0x45:
                at += if_true if loaded & value else if_false
            case 0x06:
                return value
            case _:
                raise AssertionError(f"unknown instruction {kind:#x}")


@BOTH
def test_what_tensorflow_needs_is_allowed(architecture: Architecture) -> None:
    name = "x86_64" if architecture is X86_64 else "aarch64"
    assert {answer(architecture, number) for number in HARMLESS[name]} == {ALLOW}


@BOTH
def test_a_new_thread_is_allowed_and_a_new_process_is_not(architecture: Architecture) -> None:
    clone = architecture.calls["clone"]
    assert answer(architecture, clone, CLONE_THREAD | 0x100) == ALLOW
    assert answer(architecture, clone, 0x11) == EPERM


@BOTH
def test_the_c_library_is_led_to_the_call_whose_flags_can_be_read(
    architecture: Architecture,
) -> None:
    assert answer(architecture, architecture.calls["clone3"]) == ENOSYS


@BOTH
def test_only_the_process_itself_may_be_signalled(architecture: Architecture) -> None:
    kill = architecture.calls["kill"]
    assert answer(architecture, kill, PID) == ALLOW
    assert answer(architecture, kill, PID + 1) == EPERM
    assert answer(architecture, kill, (1 << 32) - 1) == EPERM


@BOTH
def test_only_threads_of_the_process_itself_may_be_signalled(architecture: Architecture) -> None:
    tgkill = architecture.calls["tgkill"]
    assert answer(architecture, tgkill, PID, PID + 1, 6) == ALLOW
    assert answer(architecture, tgkill, PID + 1, PID + 1, 9) == EPERM


@BOTH
def test_a_descriptor_signals_nobody(architecture: Architecture) -> None:
    fcntl = architecture.calls["fcntl"]
    get_flags, set_owner, set_signal, set_owner_ex = 3, 8, 10, 15
    assert answer(architecture, fcntl, 5, get_flags) == ALLOW
    for command in (set_owner, set_signal, set_owner_ex):
        assert answer(architecture, fcntl, 5, command, PID + 1) == EPERM


@BOTH
def test_nothing_is_typed_into_a_terminal(architecture: Architecture) -> None:
    ioctl = architecture.calls["ioctl"]
    is_a_terminal, type_in = 0x5401, 0x5412
    assert answer(architecture, ioctl, 0, is_a_terminal) == ALLOW
    assert answer(architecture, ioctl, 0, type_in) == EPERM


@BOTH
def test_mode_owner_and_times_seem_to_be_set(architecture: Architecture) -> None:
    done = FAIL | 0
    for name in PRETENDED & architecture.calls.keys():
        assert answer(architecture, architecture.calls[name]) == done


@BOTH
def test_limits_may_be_read_and_not_set(architecture: Architecture) -> None:
    call = architecture.calls["prlimit64"]
    assert answer(architecture, call, 0, 7, 0, 0x1234) == ALLOW
    assert answer(architecture, call, 0, 7, 0x1234) == EPERM
    assert answer(architecture, call, 0, 7, 0x1234 << 32) == EPERM


@BOTH
@pytest.mark.parametrize(
    "name",
    """
    socket connect bind sendto execve ptrace unshare mount bpf io_uring_setup setsid memfd_create
    shmget semget msgget mq_open setpriority sched_setaffinity sched_setscheduler clock_settime
    sethostname open_by_handle_at move_mount
    """.split(),
)
def test_network_processes_and_privileges_are_refused(
    architecture: Architecture, name: str
) -> None:
    assert answer(architecture, architecture.calls[name]) == EPERM


@BOTH
def test_another_architecture_ends_the_process(architecture: Architecture) -> None:
    assert answer(architecture, 0, token=0x40000003) == KILL


def test_the_x32_numbers_are_no_way_round() -> None:
    assert answer(X86_64, X32_BIT | X86_64.calls["socket"]) == ENOSYS
