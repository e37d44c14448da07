"""Frames: what runs at the moment, and how a line of execution ends."""

from __future__ import annotations

from dataclasses import dataclass, field

from tapelint.analysis.ir import Function, LazyFunction, Place
from tapelint.analysis.state import State
from tapelint.analysis.values import (
    FunctionValue,
    Value,
)


class Dead(Exception):
    """The line of execution ended (raise, exit, a call that never returns)."""


class OutOfBudget(Exception):
    """The analysis of one entry point took too many steps."""


@dataclass(slots=True)
class Loop:
    """Where `break` and `continue` of the innermost loop send their states."""

    breaks: list[State] = field(default_factory=list)
    continues: list[State] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Frame:
    """One running function, comprehension, class body or module."""

    identity: int
    function: Function | None
    lazy: LazyFunction | None
    enclosing: tuple[int, ...]
    module: str
    value: FunctionValue | None = None
    receiver: Value | None = None
    returns: list[tuple[State, Value]] = field(default_factory=list)
    # Where each `return` stands, with its value.
    returned: list[tuple[Place, Value]] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    yields: list[Value] = field(default_factory=list)
    on_yield: object = None
    is_graph: bool = False
    # XLA compiles it, and with it the gradients of what it does.
    is_compiled: bool = False
    is_captured: bool = False
    # A loop ran fewer turns than the program would.
    is_inexact: bool = False
    # A comprehension or class body runs inside the frame of its parent.
    parent: Frame | None = None
    is_class: bool = False
    # How many branches it is in whose conditions are not known.
    undecided: int = 0
    # The place of the call that opened it.
    called_at: Place | None = None
