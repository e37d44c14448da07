"""What processes are told to do in tests: to answer, to crash, to hang."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def obey(item: str) -> str:
    """Do what an item says, and return it in upper case."""
    command, _, rest = item.partition(" ")
    match command:
        case "exit":
            os._exit(int(rest))
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "raise":
            raise ValueError(rest)
        case "leave":
            raise SystemExit(int(rest))
        case "hang":
            time.sleep(3600)
        case "wait":
            time.sleep(float(rest))
        case "once":
            crash_once(Path(rest))
        case "deep":
            dive(int(rest))
        case "shout":
            os.write(2, b"noise")
        case "interrupt":
            os.kill(os.getpid(), signal.SIGINT)
    return item.upper()


def crash_once(mark: Path) -> None:
    """Crash the first time."""
    if not mark.exists():
        mark.touch()
        os._exit(1)


def dive(depth: int) -> int:
    """Recurse as deep as an expression may nest."""
    return 1 + dive(depth - 1) if depth else 0


def dive_through_c(depth: int) -> int:
    """Recurse through C, where each level takes stack of the process."""
    return max(map(dive_through_c, [depth - 1])) if depth else 0


def unanswerable(item: str) -> object:
    """Return what cannot be sent to another process."""
    return lambda: item


def stamped(item: str) -> str:
    """Write down which process this is, and hang if told to."""
    Path(item).with_suffix(".new").write_text(str(os.getpid()))
    Path(item).with_suffix(".new").rename(item)
    time.sleep(3600)
    return item
