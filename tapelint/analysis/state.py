"""Everything that changes while the program runs, in one map that branches copy and join.

Cells: names by (frame, name), attributes by (object, name), contents of boxes, tapes, and what
variables were assigned. Joining looks only at cells that differ.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from tapelint.analysis.cells import Cells
from tapelint.analysis.graph import Node, Session
from tapelint.analysis.handed import NodeSet
from tapelint.analysis.ir import Place
from tapelint.analysis.values import Value


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """Elements of a list or items of a dict that can be told apart, and `rest` for all others.

    `keys` is None for sequences. A dict key is the constant itself. `rest` stands for any number
    of further elements (None: there are none).
    """

    values: tuple[Value, ...] = ()
    keys: tuple[Hashable, ...] | None = None
    rest: Value | None = None
    # An iterator or zip that has been walked through already.
    is_spent: bool = False
    # Keys that are there on some paths only.
    optional: frozenset[Hashable] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class TapeState:
    """Where a tape stands. `used` is the place of the request that used it up."""

    session: Session
    persistent: bool | None
    is_recording: bool = False
    is_paused: bool = False
    was_entered: bool = False
    used: Place | None = None
    # The tape may or may not have been used, or its state is otherwise not certain.
    is_vague: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class VariableState:
    """What was last assigned to a variable: the node through which later reads see it."""

    read: Node


# One object: every node keeps it.
NONE_RECORDS: frozenset[Session] = frozenset()


class State:
    """One line of execution."""

    __slots__ = ("cells", "escaped", "order", "watched")

    def __init__(self, escaped: NodeSet) -> None:
        self.cells = Cells()
        self.watched: frozenset[tuple[Session, Node]] = frozenset()
        self.escaped = escaped
        # Identities of tapes that are recording or paused, outermost first.
        self.order: tuple[int, ...] = ()

    def fork(self) -> State:
        """Return a copy that may go its own way."""
        copy = State(self.escaped)
        copy.cells = self.cells.fork()
        copy.watched = self.watched
        copy.order = self.order
        return copy

    def tape(self, identity: int) -> TapeState | None:
        """Return where a tape stands, None for one that was never made here."""
        found: TapeState | None = self.cells.get(("tape", identity))
        return found

    def set_tape(self, identity: int, **changes: Any) -> None:
        """Change some fields of a tape's state."""
        old = self.cells[("tape", identity)]
        self.cells[("tape", identity)] = replace(old, **changes)

    def recording(self) -> tuple[frozenset[Session], frozenset[Session]]:
        """Return the sessions that record now, and those paused now."""
        if not self.order:
            return NONE_RECORDS, NONE_RECORDS
        active: list[Session] = []
        paused: list[Session] = []
        for identity in self.order:
            tape = self.cells[("tape", identity)]
            (paused if tape.is_paused else active).append(tape.session)
        return frozenset(active), frozenset(paused)


Joiner = Callable[[Value, Value], Value]


def join(states: Iterable[State | None], join_values: Joiner) -> State | None:
    """Return one state that stands for all the given ones; None where none is alive."""
    alive = [s for s in states if s is not None]
    if not alive:
        return None
    result = alive[0]
    for other in alive[1:]:
        result = _join_two(result, other, join_values)
    return result


def _join_two(a: State, b: State, join_values: Joiner) -> State:
    if a is b:
        return a
    result = State(a.escaped | b.escaped)
    cells = a.cells.fork()
    for key in b.cells.differing(a.cells):
        left, right = cells.get(key), b.cells[key]
        # A name bound on one side only: the other side cannot use it without failing.
        cells[key] = right if left is None else _join_cells(left, right, join_values)
    result.cells = cells
    result.watched = a.watched | b.watched
    result.order = a.order + tuple(t for t in b.order if t not in a.order)
    return result


def _join_cells(left: Any, right: Any, join_values: Joiner) -> Any:
    match left, right:
        case Contents(), Contents():
            return join_contents(left, right, join_values)
        case TapeState(), TapeState():
            return _join_tapes(left, right)
        case VariableState(), VariableState():
            return left if left.read.number >= right.read.number else right
        case _:
            return join_values(left, right)


def join_contents(left: Contents, right: Contents, join_values: Joiner) -> Contents:
    """Return what is in a box that either path may have left behind."""
    rest = left.rest
    if right.rest is not None:
        rest = right.rest if rest is None else join_values(rest, right.rest)
    spent = left.is_spent and right.is_spent
    if left.keys is not None and right.keys is not None:
        items = dict(zip(left.keys, left.values, strict=True))
        one_sided = frozenset(left.keys) ^ frozenset(right.keys)
        for key, value in zip(right.keys, right.values, strict=True):
            items[key] = join_values(items[key], value) if key in items else value
        optional = left.optional | right.optional | one_sided
        return Contents(tuple(items.values()), tuple(items), rest, spent, optional)
    longer, shorter = left.values, right.values
    if len(longer) < len(shorter):
        longer, shorter = shorter, longer
    values = tuple(join_values(x, y) for x, y in zip(longer, shorter, strict=False))
    for extra in longer[len(shorter) :]:
        rest = extra if rest is None else join_values(rest, extra)
    return Contents(values, None, rest, spent)


def _join_tapes(left: TapeState, right: TapeState) -> TapeState:
    same = (
        left.session is right.session
        and left.is_recording == right.is_recording
        and left.is_paused == right.is_paused
        and left.was_entered == right.was_entered
        and (left.used is None) == (right.used is None)
        and left.persistent == right.persistent
    )
    if same and not (left.is_vague or right.is_vague):
        return left
    newest = left if left.session.number >= right.session.number else right
    return replace(
        newest,
        used=left.used if left.used is not None and right.used is not None else None,
        is_recording=left.is_recording or right.is_recording,
        is_paused=left.is_paused and right.is_paused,
        was_entered=left.was_entered or right.was_entered,
        is_vague=True,
    )
