"""What a tape answers to one request: a gradient for each source, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from tapelint.analysis import (
    advantages,
    broadcasts,
    idle_terms,
    left_out,
    shapes,
    sparse,
    summing,
    trace,
)
from tapelint.analysis.graph import DType, Edge, Effect, Kind, Node, Reason, past
from tapelint.analysis.observations import (
    Break,
    Cause,
    GradientAsked,
    Lost,
    RequestMisused,
    Traced,
)
from tapelint.analysis.singular import path_to
from tapelint.analysis.state import Contents, TapeState
from tapelint.analysis.values import (
    Arguments,
    Box,
    Const,
    Data,
    Instance,
    NoGradient,
    TapeValue,
    Tuple,
    Union,
    Value,
    VariableValue,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

# Of so many sources it is worked out what the backward pass to each computes with, though no tape
# records it: the weights of a large model are hundreds.
MOST_EXACT = 12


class Asker:
    """One request: works out the answer for each source and collects the lost ones."""

    def __init__(
        self,
        machine: Interpreter,
        tape: TapeValue,
        state: TapeState,
        method: str,
        target: Value,
        arguments: Arguments,
    ) -> None:
        self.machine = machine
        self.tape = tape
        self.session = state.session
        self.is_vague = state.is_vague or not state.was_entered
        self.method = method
        self.target = target
        self.targets = self.target_nodes(target)
        self.place = arguments.place
        self.upstream = arguments.get(2, "output_gradients") if method == "gradient" else None
        self.lost: list[Lost] = []
        self.asked = 0
        self.sources: list[Node] = []
        self.summed: list[Node] = []
        self.arrivals: trace.Arrivals | None = None
        self.way: set[Node] | None = None
        self.has_unknown = False
        watched = machine.state.watched
        # Computing the backward pass may itself be recorded by the tapes that are active.
        self.watched = watched
        self.is_sealed = bool(self.targets) and trace.is_sealed(self.session, watched, self.targets)

    def target_nodes(self, target: Value) -> list[Node]:
        """Return the target's nodes: a variable stands for itself."""
        if isinstance(target, VariableValue):
            return [self.machine.touch(target), target.node]
        if isinstance(target, Union):
            return [node for option in target.options for node in self.target_nodes(option)]
        return self.machine.leaves(target)

    def answers(self, sources: Value, zero: bool | None) -> Value:
        """Return the gradient in the structure of the sources."""
        machine = self.machine
        match sources:
            case Tuple():
                parts = tuple(self.answers(s, zero) for s in sources.elements)
                if sources.names:
                    return Tuple(parts, sources.names, sources.cls)
                return machine.sequence("list", parts) if not sources.names else Tuple(parts)
            case Box(kind="dict"):
                contents = machine.contents(sources)
                parts = tuple(self.answers(s, zero) for s in contents.values)
                rest = None if contents.rest is None else self.answers(contents.rest, zero)
                return machine.fill(Box("dict"), Contents(parts, contents.keys, rest))
            case Box():
                contents = machine.contents(sources)
                parts = tuple(self.answers(s, zero) for s in contents.values)
                rest = None if contents.rest is None else self.answers(contents.rest, zero)
                return machine.sequence("list", parts, rest)
            case Union():
                return self.answer_options(sources, zero)
            case VariableValue():
                return self.answer(sources, sources.node, sources.node.label, zero)
            case Data():
                return self.answer(sources, sources.node, sources.node.label, zero)
            case NoGradient() | Const():
                return machine.unknown(self.method, [self.target], self.place)
            case Instance():
                return machine.unknown(self.method, [self.target, sources], self.place)
            case _:
                return machine.unknown(self.method, [self.target, sources], self.place)

    def answer_options(self, sources: Union, zero: bool | None) -> Value:
        """Ask for each option; nothing is lost unless every option is."""
        before, self.lost = self.lost, []
        values: list[Value] = []
        losing = 0
        for option in sources.options:
            count = len(self.lost)
            values.append(self.answers(option, zero))
            losing += len(self.lost) > count
        if losing == len(sources.options):
            before.extend(self.lost[:1])
        self.lost = before
        return self.machine.join_all(values)

    def answer(self, value: Value, source: Node, label: str | None, zero: bool | None) -> Value:
        self.asked += 1
        self.sources.append(source)
        name = label or source.label or ""
        lost = self.loss_of(source, name)
        if lost is None:
            return self.shaped(self.derivative(source), value, source)
        if zero is not True:
            self.lost.append(lost)
        if lost.is_zero:
            # What is computed with it is lost for the same reason, which is told once.
            return Data(self.node([Edge(t) for t in self.targets], source))
        # `batch_jacobian` gives zeros for what is not connected (TensorFlow 2.21).
        if zero is not False or self.method == "batch_jacobian":
            return Data(self.machine.node("zeros", Kind.TENSOR, DType.FLOAT, self.place))
        return NoGradient(self.machine.node("no gradient", Kind.UNKNOWN, DType.UNKNOWN, self.place))

    def shaped(self, made: Data, value: Value, source: Node) -> Data:
        """Return a gradient in the shape of its source; note one that adds up rows."""
        if self.method != "gradient" or made.node.is_sparse:
            return made
        is_plain = self.upstream is None and not (self.is_vague or self.has_unknown)
        if is_plain and summing.is_summed(self.session, self.target, value, source):
            self.summed.append(made.node)
        return Data(made.node, shapes.shape_of(value))

    def loss_of(self, source: Node, label: str) -> Lost | None:
        """Return why the source is lost, None when it is not or may not be."""
        if not self.targets or self.is_vague:
            return None
        if source.kind is Kind.UNKNOWN:
            return self.sealed_loss(source, label) if self.is_sealed else None
        if self.arrivals is None:
            self.arrivals = trace.arrivals(self.session, self.targets)
        if trace.is_connected(self.session, self.watched, self.targets, source, self.arrivals):
            return None
        lost = trace.explain(self.session, self.watched, self.targets, source, label)
        lost = replace(lost, breaks=tuple(self.known_late(b) for b in lost.breaks))
        return replace(lost, left_out=left_out.is_meant(lost, self.behind_left_out))

    @cached_property
    def behind_left_out(self) -> set[Node]:
        """All that leads to what was left out so far; worked out once a request."""
        return past(self.machine.left_out)

    def known_late(self, broken: Break) -> Break:
        """Return a break as it is, but for a source that was watched after the block."""
        if broken.cause is not Cause.UNWATCHED:
            return broken
        if (self.tape.identity, broken.node) not in self.machine.late_watches:
            return broken
        return replace(broken, cause=Cause.LATE_WATCH)

    def sealed_loss(self, source: Node, label: str) -> Lost | None:
        """Explain a target that no source can reach: by the cuts in its own past."""
        if source in past(self.targets):
            return trace.explain(self.session, self.watched, self.targets, source, label)
        ends = [
            (node, edge)
            for node in sorted(trace.cone(self.session, self.targets), key=lambda n: n.number)
            for edge in node.edges
            if edge.effect in (Effect.CUT, Effect.ZEROS) and may_carry(edge)
        ]
        if not ends:
            return None
        # What a data set gives is cut from where it came from as a matter of course.
        node, edge = min(ends, key=lambda end: end[1].reason is Reason.DATASET)
        way = trace.cheapest(self.session, self.targets, {node})
        nodes = way[0] if way is not None else [node]
        return Lost(label, source, (Break(Cause.CUT, node, edge),), tuple(nodes))

    def derivative(self, source: Node) -> Data:
        """Return a gradient that exists; outer tapes see what it was computed from."""
        machine = self.machine
        active, _ = machine.state.recording()
        if self.way is None:
            self.way = trace.cone(self.session, self.targets)
            self.has_unknown = any(node.kind is Kind.UNKNOWN for node in self.way)
        used: list[Edge] = []
        if active or self.asked <= MOST_EXACT:
            is_traced = machine.frame.is_graph
            used = trace.backward_uses(self.session, self.targets, source, is_traced)
        # The result is linear in `output_gradients`.
        scale = [Edge(n) for n in machine.leaves(self.upstream)]
        edges = [*scale, *used]
        if self.has_unknown or not (active or self.asked <= MOST_EXACT):
            edges += [Edge(t) for t in self.targets]
        node = self.node(edges, source)
        node.gradient_of = source
        machine.answered[node] = self.targets
        if self.method == "gradient" and not (self.has_unknown or self.is_vague):
            node.is_sparse = sparse.is_gathered(
                machine, self.session, self.targets, self.way, source
            )
        if not used and not edges:
            node.note = "linear"
        return Data(node)

    def node(self, edges: Sequence[Edge], source: Node) -> Node:
        """Make the node of a gradient, on the tapes that see it being computed."""
        machine = self.machine
        active, _ = machine.state.recording()
        recorded = frozenset(s for s in active if any(machine.tracks(s, e.parent) for e in edges))
        dtype = gradient_dtype(source)
        return machine.node(self.method, Kind.TENSOR, dtype, self.place, edges, recorded=recorded)

    def report(self, sources: Value, traced: Traced | None = None) -> None:
        """Observe the request; `traced`: it is Keras that asks."""
        label = ""
        if isinstance(self.target, Data | VariableValue):
            label = self.target.node.label or ""
        self.machine.observe(
            GradientAsked(
                self.place,
                self.method,
                self.tape.place,
                self.targets[0] if self.targets else None,
                label,
                self.asked,
                tuple(self.lost),
                self.machine.stack,
                self.session.opened,
                tuple(self.sources),
                traced,
                tuple(self.summed),
            )
        )
        lost = {one.source for one in self.lost}
        alive = [node for node in self.sources if node not in lost]
        if alive and not self.is_vague:
            path = path_to(self.session, self.targets, alive)
            for found in self.machine.suspects.observed(path, self.targets, alive):
                self.machine.observe(found)
            for node in advantages.found(path, self.targets):
                if node.place is not None:
                    what = "advantage differentiated"
                    self.machine.observe(
                        RequestMisused(node.place, what, node.label or "", self.place)
                    )
            given = (self.session, path, self.targets, alive, self.place)
            for met in broadcasts.observed(path, self.targets, self.place, self.machine.broadcasts):
                self.machine.observe(met)
            for term in idle_terms.observed(*given, self.machine.idle_terms):
                self.machine.observe(term)


def may_carry(edge: Edge) -> bool:
    """Whether something differentiable may have arrived at the cut."""
    return edge.reason.value not in ("value free", "control") and any(
        n.kind in (Kind.UNKNOWN, Kind.VARIABLE, Kind.TENSOR) for n in past([edge.parent])
    )


def gradient_dtype(source: Node) -> DType:
    return source.dtype if source.dtype is DType.COMPLEX else DType.FLOAT
