"""The record of an abstract run: which value was made from which, by what, under which tapes.

A real tape keeps such a graph too, but only of what it recorded. This one keeps everything, the
edges that carry no gradient included, so that a missing link can be explained.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from tapelint.analysis.handed import NOBODY, NodeSet

if TYPE_CHECKING:
    from tapelint.analysis.ir import Place
    from tapelint.analysis.values import Value


class DType(Enum):
    """What a gradient depends on of a dtype (TensorFlow 2.21: float and complex carry one)."""

    FLOAT = "float"
    COMPLEX = "complex"
    INT = "int"
    BOOL = "bool"
    STRING = "string"
    UNKNOWN = "unknown"

    @property
    def is_blocked(self) -> bool:
        """Whether a tensor of this dtype never carries a gradient."""
        return self in _BLOCKED


_BLOCKED = frozenset({DType.INT, DType.BOOL, DType.STRING})


class Kind(Enum):
    """What a node's value is for a tape."""

    VARIABLE = "variable"
    TENSOR = "tensor"
    ARRAY = "array"
    PYTHON = "Python value"
    SYMBOLIC = "symbolic tensor"
    UNKNOWN = "unknown"
    # One of its parents, depending on the branch taken: no operation of its own.
    JOIN = "join"


class Effect(Enum):
    """What an edge does to a gradient that runs from the child back to the parent."""

    FLOWS = "flows"
    CUT = "cut"
    ZEROS = "zeros"
    RAISES = "raises"


class Reason(Enum):
    """Why an edge cuts."""

    NONE = "none"
    NUMPY = "numpy"
    PYTHON = "python"
    CAST = "cast"
    ASSIGN = "assign"
    OP = "op"
    THRESHOLD = "threshold"
    REWRAP = "rewrap"
    OPAQUE = "opaque"
    STOP = "stop"
    PREDICT = "predict"
    METRIC = "metric"
    SAMPLE = "sample"
    STRING = "string"
    # Flat whatever it is given: a softmax over one element, the slope of `relu`.
    FLAT = "flat"
    DATASET = "dataset"
    CUSTOM = "custom"
    # The parent's value is not used (`tf.shape(x)`, `tf.zeros_like(x)`), or only decides a branch.
    VALUE_FREE = "value free"
    CONTROL = "control"


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """`child` was computed from `parent`; `detail` names the operation as the user wrote it."""

    parent: Node
    effect: Effect = Effect.FLOWS
    reason: Reason = Reason.NONE
    argument: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """One stretch of a tape's record: `reset()` and re-entering after `gradient` start a new one."""

    number: int
    tape: int
    opened: Place
    watches_accessed: bool


@dataclass(frozen=True, slots=True)
class Rebinding:
    """The name (or attribute, or item) that held a variable was given this value instead."""

    slot: str
    place: Place
    variable: Node


_numbers = itertools.count(1)


@dataclass(slots=True, eq=False)
class Node:
    """One value of the run. Immutable but for `label` and `rebound`, which only serve messages."""

    op: str
    kind: Kind
    dtype: DType
    place: Place | None
    edges: tuple[Edge, ...] = ()
    # Sessions on which the producing operation is recorded, those that were recording at the
    # time, and those held by `stop_recording` at the time.
    recorded: frozenset[Session] = frozenset()
    active: frozenset[Session] = frozenset()
    paused: frozenset[Session] = frozenset()
    # Call sites that led here, innermost first.
    stack: tuple[Place, ...] = ()
    # For unknown nodes: nodes that unknown code had been handed before and may have used here.
    reach: NodeSet = NOBODY
    trainable: bool | None = None
    label: str | None = None
    rebound: Rebinding | None = None
    note: str = ""
    # What the operation was given, constants included: `edges` name only what a gradient may reach.
    operands: tuple[tuple[str, Value], ...] = ()
    # Which of several results of one operation this is; None where it has one, or stands for all.
    output: int | None = None
    # Made in code that `tf.function` traces.
    is_traced: bool = False
    # That code is compiled by XLA: `tf.function(jit_compile=True)`.
    is_compiled: bool = False
    # For a gradient: the source it belongs to.
    gradient_of: Node | None = None
    # For a gradient: whether it is an `IndexedSlices`.
    is_sparse: bool = False
    number: int = field(default_factory=lambda: next(_numbers))

    @property
    def is_tensor(self) -> bool:
        """Whether a tape could hold it."""
        return self.kind in (Kind.VARIABLE, Kind.TENSOR, Kind.UNKNOWN, Kind.JOIN)


def is_open(node: Node) -> bool:
    """Whether nothing certain is known of the node: unknown code made it."""
    return node.kind is Kind.UNKNOWN


def read_of(variable: Node, user: Node | None) -> Node:
    """Return the node through which `user` reads a variable: its own, or the last assignment."""
    parents = [edge.parent for edge in user.edges] if user is not None else []
    if user is None or variable in parents:
        return variable
    reads = [p for p in parents if p.kind is Kind.JOIN and is_read(p, variable)]
    return reads[-1] if reads else variable


def is_read(node: Node, variable: Node) -> bool:
    return any(edge.parent is variable for edge in node.edges)


def is_written_into(node: Node) -> bool:
    """Whether an array was changed in place since it was made: `x[0] = 1.0`."""
    return any(edge.parent.number > node.number for edge in node.edges)


def past(targets: Iterable[Node]) -> set[Node]:
    """Return all that the targets were made from, by whatever way."""
    seen: set[Node] = set()
    waiting = list(targets)
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        waiting.extend(e.parent for e in node.edges)
    return seen


def captured(targets: Iterable[Node], started: int) -> list[Node]:
    """Return what the code that made the targets used and did not make, in the order it was made.

    `started` is a number of that time: what the code made has a higher one.
    """
    inside = {node for node in past(targets) if node.number >= started}
    found = {edge.parent for node in inside for edge in node.edges}
    return sorted((n for n in found if n.number < started), key=lambda node: node.number)
