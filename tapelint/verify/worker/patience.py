"""How long a witness may take: what counts is its processor time, which a busy machine only delays.

A program that waits uses none: it is ended by the clock.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

# How much longer than its processor time a witness may take by the clock.
TIMES_LONGER = 5
SECONDS_BETWEEN_LOOKS = 0.5
# Running or ready to run; waiting for the disk.
AT_WORK = frozenset("RD")


@dataclass(slots=True)
class Patience:
    """The time that one process has left; `deadline` is when it is to be looked at."""

    pid: int
    seconds: float
    started: float = field(default_factory=time.monotonic)
    deadline: float = 0.0

    def __post_init__(self) -> None:
        self.deadline = self.started + self.seconds

    def is_over(self) -> bool:
        """Tell at the deadline whether the process is to be ended; else the deadline moves."""
        now = time.monotonic()
        last = self.started + self.seconds * TIMES_LONGER
        state, used = look_at(self.pid)
        left = self.seconds - used
        if now >= last or left <= 0 or state not in AT_WORK:
            return True
        self.deadline = min(now + max(SECONDS_BETWEEN_LOOKS, left / 2), last)
        return False


def look_at(pid: int) -> tuple[str, float]:
    """Return the state of a process and the seconds of processor time it has used.

    "" where the system does not tell.
    """
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return fields[0], (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return "", 0.0
