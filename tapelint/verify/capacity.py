"""How many witnesses may run together: no more than there are processors, and memory for."""

from __future__ import annotations

from pathlib import Path

from tapelint.workers import available_processors

# Measured with TensorFlow 2.21: the worker takes 0.5 GB, a witness up to 0.1 of its own. Models and
# data come on top.
OF_WORKER = 1 << 30
OF_WITNESS = 1 << 30
MEMORY = Path("/proc/meminfo")
# What a container may use, and what it uses (version 2 and 1 of control groups).
CONTAINERS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)


def witnesses() -> int:
    """Return how many witnesses may run together on this machine, at least one."""
    return fitting(available_processors(), free_memory())


def fitting(processors: int, memory: int | None) -> int:
    """Return how many witnesses fit into `memory` bytes, None where that is not known."""
    if memory is None:
        return 1
    return max(1, min(processors, (memory - OF_WORKER) // OF_WITNESS))


def free_memory() -> int | None:
    """Return how many bytes are free, for this container where it is one; None if unknown."""
    found = [_free_of_machine(MEMORY)]
    found += [_free_of_container(limit, used) for limit, used in CONTAINERS]
    return min((bytes_ for bytes_ in found if bytes_ is not None), default=None)


def _free_of_machine(path: Path) -> int | None:
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    # for: MemAvailable:   22876544 kB
    for name, _, rest in (line.partition(":") for line in lines):
        if name == "MemAvailable" and rest.split()[:1] and rest.split()[0].isdecimal():
            return int(rest.split()[0]) * 1024
    return None


def _free_of_container(limit: Path, used: Path) -> int | None:
    try:
        most, now = (path.read_text(encoding="ascii").strip() for path in (limit, used))
    except (OSError, UnicodeDecodeError):
        return None
    # for: max, where there is no limit
    return max(0, int(most) - int(now)) if most.isdecimal() and now.isdecimal() else None
