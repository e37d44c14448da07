"""The graph of a run: which nodes a value consists of, and which a tape tracks."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Sequence

from tapelint.analysis.graph import DType, Edge, Effect, Kind, Node, Session
from tapelint.analysis.handed import NOBODY
from tapelint.analysis.ir import Place
from tapelint.analysis.running import Running
from tapelint.analysis.state import VariableState
from tapelint.analysis.values import (
    Box,
    Const,
    Data,
    Dataset,
    Instance,
    NoGradient,
    Symbolic,
    Tuple,
    Union,
    Value,
    VariableValue,
)

MOST_LEAVES = 400
DEEPEST_TRACE = 6


class Nodes(Running):
    """Makes nodes of the graph and finds those a value is made of."""

    def node(
        self,
        op: str,
        kind: Kind,
        dtype: DType,
        place: Place | None,
        edges: Sequence[Edge] = (),
        *,
        recorded: frozenset[Session] = frozenset(),
        note: str = "",
    ) -> Node:
        """Make a node that knows which tapes were recording."""
        active, paused = self.state.recording()
        return Node(
            op,
            kind,
            dtype,
            place,
            tuple(edges),
            recorded=recorded,
            active=active,
            paused=paused,
            stack=self.stack[:DEEPEST_TRACE],
            note=note,
            is_traced=self.frame.is_graph,
            is_compiled=self.frame.is_compiled,
        )

    def note_label(self, value: Value, label: str) -> None:
        """Give a value the first name it is stored under."""
        match value:
            case Data() | VariableValue() if value.node.label is None:
                value.node.label = label
            case _:
                pass

    def tracks(self, session: Session, node: Node) -> bool:
        """Whether the tape holds the node's tensor: watched, or made by a recorded operation."""
        if node.kind is Kind.UNKNOWN or session in node.recorded:
            return True
        if (session, node) in self.state.watched:
            return True
        if node.kind is Kind.JOIN:
            return any(
                e.effect is not Effect.CUT and self.tracks(session, e.parent) for e in node.edges
            )
        return False

    def touch(self, variable: VariableValue) -> Node:
        """Read a variable: watched by every tape that watches what is accessed."""
        if variable.node.trainable is not False:
            active, _ = self.state.recording()
            new = {(s, variable.node) for s in active if s.watches_accessed}
            if not new <= self.state.watched:
                self.state.watched |= new
        assigned: VariableState | None = self.state.cells.get(("variable", variable.identity))
        return assigned.read if assigned is not None else variable.node

    def leaves(self, value: Value | None) -> list[Node]:
        """Return the nodes a value brings into an operation, containers flattened."""
        found: list[Node] = []
        self._collect(value, found, 0)
        return found

    def _collect(self, value: Value | None, found: list[Node], depth: int) -> None:
        if value is None or depth > 8 or len(found) > MOST_LEAVES:
            return
        match value:
            case Data() | NoGradient():
                found.append(value.node)
            case VariableValue():
                found.append(self.touch(value))
            case Tuple():
                for element in value.elements:
                    self._collect(element, found, depth + 1)
            case Box():
                contents = self.contents(value)
                for element in contents.values:
                    self._collect(element, found, depth + 1)
                self._collect(contents.rest, found, depth + 1)
            case Union():
                node = self.join_node(value.options)
                if node is not None:
                    found.append(node)
            case Dataset():
                found.append(value.node)
            case Instance() | Symbolic():
                held = self.state.cells.get((value.identity, "<data>"))
                if held is not None:
                    self._collect(held, found, depth + 1)
            case _:
                pass

    def join_node(self, options: Iterable[Value]) -> Node | None:
        """Return one node that stands for whichever of the options it is."""
        nodes = list(dict.fromkeys(leaf for option in options for leaf in self.leaves(option)))
        if not nodes:
            return None
        if len(nodes) == 1:
            return nodes[0]
        dtypes = {n.dtype for n in nodes}
        dtype = dtypes.pop() if len(dtypes) == 1 else DType.UNKNOWN
        recorded = frozenset[Session]().union(*(n.recorded for n in nodes))
        # What may be unknown is: a structure of several values, for instance.
        unknown = [n for n in nodes if n.kind is Kind.UNKNOWN]
        kind = Kind.UNKNOWN if unknown else Kind.JOIN
        joined = self.node(
            "join", kind, dtype, nodes[0].place, [Edge(n) for n in nodes], recorded=recorded
        )
        joined.reach = functools.reduce(operator.or_, (n.reach for n in unknown), NOBODY)
        joined.label = nodes[0].label
        return joined

    def derived(
        self, op: str, values: Iterable[Value], place: Place, kind: Kind, dtype: DType
    ) -> Data:
        """Make a value of the same world: an array of arrays, a number of numbers."""
        self.step()
        edges = [Edge(leaf) for value in values for leaf in self.leaves(value)]
        return Data(self.node(op, kind, dtype, place, edges))


def promoted(edges: Sequence[Edge], inputs: Sequence[tuple[str, Value]]) -> DType:
    """Return the dtype of arithmetic over the inputs, as far as it matters."""
    dtypes = {e.parent.dtype for e in edges}
    for unsure in (DType.COMPLEX, DType.FLOAT):
        if unsure in dtypes:
            return unsure
    if DType.UNKNOWN in dtypes:
        return DType.UNKNOWN
    # A Python float does not turn an int tensor into a float one (TensorFlow raises), but an
    # array or Python int it does.
    if any(isinstance(v, Const) and isinstance(v.value, float) for _, v in inputs):
        return DType.FLOAT
    for known in (DType.STRING, DType.INT, DType.BOOL):
        if known in dtypes:
            return known
    for _, value in inputs:
        if isinstance(value, Const):
            return dtype_of_constant(value.value)
        if isinstance(value, Tuple):
            found = promoted((), [("", v) for v in value.elements])
            if found is not DType.UNKNOWN:
                return found
    return DType.UNKNOWN


def dtype_of_constant(value: object) -> DType:
    """Return the dtype TensorFlow gives a Python constant."""
    match value:
        case bool():
            return DType.BOOL
        case int():
            return DType.INT
        case float():
            return DType.FLOAT
        case complex():
            return DType.COMPLEX
        case str() | bytes():
            return DType.STRING
        case _:
            return DType.UNKNOWN
