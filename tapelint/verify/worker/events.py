"""What is recorded: the steps of a program, and what is known of its tapes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from tapelint.verify.worker.converted import Frame

# A tensor by its number, a symbolic one by graph and name, a Python object by its address.
Key = int | tuple[str, int] | tuple[int, str]


class Kind(Enum):
    """What a step of the data path is made of."""

    OPERATION = "operation"
    PLAIN = "plain"  # Python or NumPy
    STATE = "state"  # a value that is written into a variable
    INVENTED = "invented"  # a stand-in became a tensor
    REPLACED = "replaced"  # the result of code that was not run
    LIBRARY = "library"  # the same, where it is known what that code computes from


class Event(NamedTuple):
    """One step: `outputs` were made from `inputs`. `values` keeps the outputs alive.

    `frames` are the user's lines that led here, the innermost first; `tapes` the numbers of the
    user's tapes that recorded it.
    """

    serial: int
    name: str
    kind: Kind
    inputs: tuple[Key, ...]
    outputs: tuple[Key, ...]
    values: tuple[Any, ...]
    frames: tuple[Frame, ...]
    tapes: frozenset[int] = frozenset()


@dataclass(slots=True)
class TapeLog:
    """What is known of one of the user's tapes, beyond what it says itself."""

    number: int
    frames: tuple[Frame, ...]
    is_persistent: bool
    watches_accessed: bool
    entered: int = 0
    asked: int = 0
    first_entered: int = 0
    left: int | None = None  # serial of the event after which it last stopped recording
    reset: int = 0
    reset_frames: tuple[Frame, ...] = ()
    watched: dict[Key, int] = field(default_factory=dict)
