"""One verdict per gradient call and source: which of the things in the way are worth reporting.

The interpreter names everything between a source and its target. A user is told what is wrong
with the source itself, and where the value is first lost behind it: at most two findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from tapelint.analysis.graph import Edge, Effect, Kind, Node, Reason
from tapelint.analysis.ir import Place
from tapelint.analysis.observations import (
    Break,
    Cause,
    GradientAsked,
    Lost,
    NoneQuestioned,
    Observation,
    TapeExhausted,
    TapeMisused,
    Traced,
)
from tapelint.model import Span

# What is wrong with a source before any operation has taken it.
OF_SOURCE = frozenset(
    {
        Cause.UNWATCHED,
        Cause.NOT_TRAINABLE,
        Cause.BLOCKED_DTYPE,
        Cause.LATE_WATCH,
        Cause.NOT_AUTO_WATCHED,
        Cause.REBOUND,
        Cause.EQUAL,
        Cause.UNCONNECTED,
    }
)
# What mends a source of these mends it for all that is asked of the same tape.
OF_TAPE = OF_SOURCE - {Cause.REBOUND, Cause.EQUAL, Cause.UNCONNECTED}
# Of the gradients that Keras asks for, some may be missing on purpose: a head that is not used, a
# part that is held fixed by its stop. A program does not choose its sources there.
MAY_BE_MEANT = frozenset({Reason.STOP, Reason.VALUE_FREE, Reason.CONTROL})
# What a graph refuses: NotImplementedError, AttributeError, TypeError (TensorFlow 2.21).
LEAVES_GRAPH = frozenset({Reason.NUMPY, Reason.PYTHON})
GRADIENTS = frozenset({"gradient", "jacobian", "batch_jacobian"})


class Outcome(Enum):
    """What the program gets in place of the gradient."""

    NONE = "is None"
    ZERO = "is zero"
    RAISES = "raises"


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One thing that costs one source of one request its gradient."""

    asked: GradientAsked
    lost: Lost
    broken: Break

    @property
    def outcome(self) -> Outcome:
        """What the request answers for this source (TensorFlow 2.21)."""
        if self.asked.traced is Traced.GRAPH and any(
            reason_of(b.edge) in LEAVES_GRAPH for b in self.lost.breaks
        ):
            return Outcome.RAISES
        target = self.asked.target
        if target is not None and target.kind in (Kind.ARRAY, Kind.PYTHON):
            # gradient(np.float32(3.0), x): AttributeError; jacobian makes a tensor of an array
            is_made_tensor = self.asked.method == "jacobian" and target.kind is Kind.ARRAY
            return Outcome.NONE if is_made_tensor else Outcome.RAISES
        if self.lost.source.kind in (Kind.ARRAY, Kind.PYTHON):
            return Outcome.RAISES
        found = self._met_by_backward_pass()
        if found is Outcome.NONE and self.asked.method == "batch_jacobian":
            return Outcome.ZERO
        return found

    def _met_by_backward_pass(self) -> Outcome:
        if any(b.cause in OF_SOURCE for b in self.lost.breaks):
            return Outcome.NONE
        # The backward pass comes from the target: an operation without a gradient raises only
        # where nothing behind it ended the pass before.
        outcome = Outcome.NONE
        for broken in reversed(self.lost.breaks):
            match broken.edge.effect if broken.edge is not None else Effect.CUT:
                case Effect.RAISES:
                    return Outcome.RAISES
                case Effect.ZEROS:
                    outcome = Outcome.ZERO
                case _:
                    return Outcome.NONE
        return outcome

    @property
    def is_second_derivative(self) -> bool:
        """Whether what was computed outside the tape is a first derivative."""
        if self.broken.cause is Cause.HIGHER_ORDER:
            return True
        if self.broken.cause is not Cause.OUTSIDE:
            return False
        others = {b.node for b in self.lost.breaks if b is not self.broken}
        return any(
            node.op in GRADIENTS and node not in others
            for node in after(self.lost.way, self.broken.node)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Cases of one cause: reported as one finding at `span`."""

    span: Span
    cases: tuple[Case, ...]

    @property
    def first(self) -> Case:
        """The case that stands for the group."""
        return self.cases[0]

    @property
    def is_likely(self) -> bool:
        """Whether nothing in the group is certain."""
        return all(case.lost.likely for case in self.cases)


Rule = Callable[[Case], bool]


def groups(
    observations: Iterable[Observation],
    is_mine: Rule,
    place_of: Callable[[Case], Place | None] | None = None,
) -> Iterator[Group]:
    """Yield the cases that a rule is responsible for, one group for each place it points at.

    `place_of` says where the eye should go; without it (or where it answers None) that is the
    gradient call: of a tape that is asked several times about a source it does not know, the first.
    """
    found: dict[Span, list[Case]] = {}
    told: dict[tuple[Cause, Node, Place], Span] = {}
    for case in cases(observations):
        if not is_mine(case):
            continue
        broken = case.broken
        place = place_of(case) if place_of is not None else None
        span = (place or case.asked.place).span()
        if place is None and broken.cause in OF_TAPE:
            span = told.setdefault((broken.cause, broken.node, case.asked.tape), span)
        found.setdefault(span, []).append(case)
    for span in sorted(found):
        yield Group(span, tuple(found[span]))


def cases(observations: Iterable[Observation]) -> Iterator[Case]:
    """Yield what is worth reporting about every source that some request lost."""
    observations = list(observations)
    questioned = {o.place for o in observations if isinstance(o, NoneQuestioned)}
    for asked in answered(observations):
        for lost in asked.lost:
            if lost.left_out and asked.place in questioned:
                # for: if weight > 0: loss += weight * auxiliary, and None is filtered out
                continue
            for broken in telling(lost.breaks):
                if not asked.is_training or is_certain_in_training(asked, broken):
                    yield Case(asked, lost, broken)


def is_certain_in_training(asked: GradientAsked, broken: Break) -> bool:
    """Whether a source that Keras gets no gradient for is a mistake.

    Without any gradient the optimizer raises; a part without one is only warned of.
    """
    if asked.asked == len(asked.lost):
        return broken.cause in (Cause.CUT, Cause.UNCONNECTED)
    return broken.cause is Cause.CUT and reason_of(broken.edge) not in MAY_BE_MEANT


Seen = TypeVar("Seen", bound=Observation)


def distinct(
    observations: Iterable[Observation],
    kind: type[Seen],
    is_mine: Callable[[Seen], bool] = lambda observation: True,
) -> Iterator[tuple[Span, Seen]]:
    """Yield the observations of one kind that a rule answers for: the first of each place."""
    found: dict[Span, Seen] = {}
    for observation in observations:
        if isinstance(observation, kind) and is_mine(observation):
            found.setdefault(observation.place.span(), observation)
    yield from sorted(found.items(), key=lambda entry: entry[0])


def answered(observations: Iterable[Observation]) -> Iterator[GradientAsked]:
    """Yield the requests that give an answer, and not the one error a misused tape raises."""
    refused: Place | None = None
    for observation in observations:
        match observation:
            # The interpreter notes why a request raises directly before the request.
            case TapeExhausted(place=place) | TapeMisused(place=place):
                refused = place
            case GradientAsked():
                if observation.place is not refused:
                    yield observation
                refused = None
            case _:
                pass


def telling(breaks: Sequence[Break]) -> tuple[Break, ...]:
    """Return the breaks to report: the source's own, and the first on the way behind it."""
    own = [b for b in breaks if b.cause in OF_SOURCE]
    on_way = [
        b
        for b in breaks
        if b.cause not in OF_SOURCE and not is_consequence(b) and not is_enclosed(b, breaks)
    ]
    return (*own[:1], *on_way[:1])


def is_enclosed(broken: Break, breaks: Sequence[Break]) -> bool:
    """Whether the break is inside the body of an opaque function, which is the one to blame."""
    bodies = {
        b.node.place for b in breaks if b is not broken and reason_of(b.edge) is Reason.OPAQUE
    }
    return not bodies.isdisjoint(broken.node.stack)


def is_consequence(broken: Break) -> bool:
    """Whether the value had lost its gradient before, as an integer, bool or string."""
    edge = broken.edge
    return broken.cause is Cause.CUT and edge is not None and edge.parent.dtype.is_blocked


def cut_by(*reasons: Reason) -> Rule:
    """Return the rule that answers for cuts of these reasons."""
    wanted = frozenset(reasons)

    def is_mine(case: Case) -> bool:
        return case.broken.cause is Cause.CUT and reason_of(case.broken.edge) in wanted

    return is_mine


def caused_by(*causes: Cause) -> Rule:
    """Return the rule that answers for these causes."""
    wanted = frozenset(causes)
    return lambda case: case.broken.cause in wanted


def reason_of(edge: Edge | None) -> Reason:
    """Return why an edge cuts; arithmetic in an integer dtype cuts without saying so."""
    if edge is None or edge.reason is not Reason.NONE:
        return Reason.NONE if edge is None else edge.reason
    return Reason.CAST if edge.effect is Effect.FLOWS else Reason.OP


def break_place(case: Case) -> Place | None:
    """Return where the value was lost."""
    return case.broken.node.place


def after(way: Sequence[Node], node: Node) -> Sequence[Node]:
    """Return the nodes of a way from one node on, all of them where it is not on the way."""
    return way[way.index(node) :] if node in way else way
