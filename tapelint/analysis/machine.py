"""The abstract machine: the current state, and how a value is recorded on the tapes.

It knows what TensorFlow does when an operation runs (who is watched, what is recorded), not what
any particular operation or piece of Python means: that is in `statements`, `expressions` and
`models`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tapelint.analysis import flat, persistence, shapes, sparse, updates
from tapelint.analysis.graph import DType, Edge, Effect, Kind, Node, Reason, Session
from tapelint.analysis.ir import Place
from tapelint.analysis.nodes import MOST_LEAVES, Nodes, promoted
from tapelint.analysis.state import State, VariableState, join
from tapelint.analysis.values import (
    Box,
    Const,
    Data,
    Dataset,
    External,
    FunctionValue,
    Instance,
    Native,
    NoGradient,
    TapeValue,
    Tuple,
    Union,
    Value,
    VariableValue,
    options_of,
)

MOST_OPTIONS = 4
DEEPEST_CALL = 24
# Set once something was put into an object that is not known.
PUT_SOMEWHERE = "<put somewhere>"


class Machine(Nodes):
    """Operations, variables, and what becomes of values where paths join or code is unknown."""

    def escape(self, value: Value, depth: int = 0) -> None:
        """Note that unknown code holds the value from now on."""
        persistence.note_shared(self, value)
        for tape in self.tapes_in(value):
            # It may watch, pause, reset or ask it.
            if self.state.tape(tape.identity) is not None:
                self.state.set_tape(tape.identity, is_vague=True)
        self.state.escaped = self.state.escaped.grown(self.reached_from(value, depth))

    def escape_into(self, owner: Value, value: Value) -> None:
        """Note that a value was put into an object that is not known: it may be any that escaped."""
        self.escape(owner)
        self.escape(value)
        self.state.cells[PUT_SOMEWHERE] = Const(True)

    def tapes_in(self, value: Value) -> list[TapeValue]:
        """Return the tapes that a value is or holds as an element."""
        match value:
            case TapeValue():
                return [value]
            case Tuple(elements=parts) | Union(options=parts):
                return [tape for part in parts for tape in self.tapes_in(part)]
            case Box():
                return [t for t in self.contents(value).values if isinstance(t, TapeValue)]
            case _:
                return []

    def reached_from(self, value: Value, depth: int = 0) -> set[Node]:
        """Return the nodes that a value is or holds, elements, attributes and closures followed."""
        reached: set[Node] = set()
        self._reach(value, reached, set(), depth)
        return reached

    def _reach(self, value: Value | None, found: set[Node], seen: set[int], depth: int) -> None:
        if value is None or depth > 6 or len(found) > 400:
            return
        match value:
            case Data() | NoGradient() | Dataset():
                found.add(value.node)
                for instance in self.objects_behind(value.node):
                    self._reach(instance, found, seen, depth + 1)
            case VariableValue():
                found.add(value.node)
            case Tuple(elements=elements) | Union(options=elements):
                for element in elements:
                    self._reach(element, found, seen, depth + 1)
            case Box():
                if value.identity not in seen:
                    seen.add(value.identity)
                    contents = self.contents(value)
                    for held in (*contents.values, contents.rest):
                        self._reach(held, found, seen, depth + 1)
            case Instance():
                if value.identity not in seen:
                    seen.add(value.identity)
                    for attribute in self.attributes(value.identity).values():
                        self._reach(attribute, found, seen, depth + 1)
            case Native():
                for held in value.held:
                    self._reach(held, found, seen, depth + 1)
            case FunctionValue():
                # A callback sees what it closes over.
                for _, held in value.defaults:
                    self._reach(held, found, seen, depth + 1)
                for frame in value.frames[:-1]:
                    if frame in seen:
                        continue
                    seen.add(frame)
                    for held in self.attributes(frame).values():
                        self._reach(held, found, seen, depth + 1)
            case _:
                receiver = getattr(value, "receiver", None)
                if receiver is not None:
                    self._reach(receiver, found, seen, depth + 1)

    def objects_behind(self, node: Node) -> list[Instance]:
        """Return the objects that a node may stand for, joins of joins followed."""
        found: list[Instance] = []
        waiting = [node] if self.stands_for else []
        seen = set(waiting)
        for one in waiting:
            found += self.stands_for.get(one, ())
            if one.op == "join" and len(seen) < MOST_LEAVES:
                further = {e.parent: None for e in one.edges if e.parent not in seen}
                waiting += further
                seen.update(further)
        return found

    def is_some_object(self, value: Value) -> bool:
        """Whether a value is one of several objects, and nothing else."""
        return isinstance(value, Data) and value.node in self.only_objects

    # ------------------------------------------------------------------ joining

    def join_values(self, a: Value, b: Value) -> Value:
        """Return a value that stands for either."""
        if a is b:
            return a
        if self.unread:
            # One of them may be read later under another identity.
            self.unread.pop(id(a), None)
            self.unread.pop(id(b), None)
        match a, b:
            case Const(), Const() if type(a.value) is type(b.value) and a.value == b.value:
                return a
            case External(), External() if a.name == b.name:
                return a
            case Tuple(), Tuple() if len(a.elements) == len(b.elements) and a.names == b.names:
                merged = tuple(
                    self.join_values(x, y) for x, y in zip(a.elements, b.elements, strict=True)
                )
                return Tuple(merged, a.names, a.cls)
            case Data(), Data():
                node = self.join_node((a, b))
                assert node is not None
                is_column = shapes.is_column(a) and shapes.is_column(b)
                return Data(node, shapes.joined(a.shape, b.shape), is_column)
            case _:
                pass
        options: list[Value] = []
        for value in (a, b):
            for option in options_of(value):
                if not any(self._same(option, known) for known in options):
                    options.append(option)
        if len(options) == 1:
            return options[0]
        if len(options) > MOST_OPTIONS:
            node = self.join_node(options)
            if node is not None and all(isinstance(o, Const | Data | NoGradient) for o in options):
                return Data(node)
            edges = [Edge(leaf) for o in options for leaf in self.leaves(o)]
            many = self.node("join", Kind.UNKNOWN, DType.UNKNOWN, None, edges)
            many.reach = self.state.escaped
            self.stands_for[many] = tuple(o for o in options if isinstance(o, Instance))
            if all(isinstance(o, Instance) or self.is_some_object(o) for o in options):
                self.only_objects.add(many)
            of_keras = [self.keras_variable(o) for o in options]
            if of_keras[0] is not None and None not in of_keras:
                self.keras_variables[many] = of_keras[0]
            return Data(many)
        return Union(tuple(options))

    def keras_variable(self, value: Value) -> VariableValue | None:
        """Return a Keras variable, or one of several of which the value is any."""
        match value:
            case VariableValue(library="keras"):
                return value
            case Data():
                return self.keras_variables.get(value.node)
            case Union():
                options = [self.keras_variable(option) for option in value.options]
                return None if None in options else options[0]
            case _:
                return None

    def _same(self, a: Value, b: Value) -> bool:
        if a is b:
            return True
        if isinstance(a, Const) and isinstance(b, Const):
            return type(a.value) is type(b.value) and bool(a.value == b.value)
        if isinstance(a, VariableValue) and isinstance(b, VariableValue):
            return a.identity == b.identity
        if isinstance(a, FunctionValue) and isinstance(b, FunctionValue):
            return a.lazy is b.lazy and a.frames == b.frames and same_defaults(a, b)
        return isinstance(a, External) and isinstance(b, External) and a.name == b.name

    def join_all(self, values: Sequence[Value]) -> Value:
        result = values[0]
        for value in values[1:]:
            result = self.join_values(result, value)
        return result

    def merge(self, states: Iterable[State | None]) -> State | None:
        """Join states, with JOIN nodes made in the first of them."""
        alive = [s for s in states if s is not None]
        if not alive:
            return None
        self.state = alive[0]
        return join(alive, self.join_values)

    # ------------------------------------------------------------------ variables

    def variable(
        self,
        place: Place,
        *,
        library: str,
        dtype: DType,
        trainable: bool | None,
        label: str | None = None,
        initial: Value | None = None,
        owner: int | None = None,
        is_many: bool = False,
    ) -> VariableValue:
        """Make a variable; its value is copied from `initial`, which no gradient crosses."""
        node = self.node("variable", Kind.VARIABLE, dtype, place)
        node.trainable = trainable
        node.label = label
        if initial is not None:
            node.operands = (("initial", initial),)
        made = self.variables[node] = VariableValue(node, library, owner, is_many)
        if initial is not None:
            leaves = self.leaves(initial)
            if leaves:
                edges = [Edge(node)]
                edges += [Edge(leaf, Effect.CUT, Reason.REWRAP, "initial value") for leaf in leaves]
                read = self.node("tf.Variable", Kind.JOIN, dtype, place, edges)
                self.state.cells[("variable", made.identity)] = VariableState(read)
        return made

    def assign(self, variable: VariableValue, value: Value, op: str, place: Place) -> None:
        """Give a variable a new value: later reads see it, no gradient reaches it."""
        before = self.touch(variable) if op != "assign" else variable.node
        edges = [Edge(variable.node)]
        if before is not variable.node:
            edges.append(Edge(before))
        edges += [
            Edge(leaf, Effect.CUT, Reason.ASSIGN, op)
            for leaf in self.leaves(value)
            if leaf is not before and leaf is not variable.node
        ]
        read = self.node(op, Kind.JOIN, variable.node.dtype, place, edges)
        read.label = variable.node.label
        read.operands = (("value", value),)
        self.state.cells[("variable", variable.identity)] = VariableState(read)

    # ------------------------------------------------------------------ operations

    def record(
        self,
        op: str,
        inputs: Sequence[tuple[str, Value]],
        place: Place,
        *,
        dtype: DType | None = None,
        effects: Mapping[str, tuple[Effect, Reason]] | None = None,
        effect: Effect = Effect.FLOWS,
        reason: Reason = Reason.NONE,
        kind: Kind = Kind.TENSOR,
        note: str = "",
    ) -> Data:
        """Run an operation: make its result, with an edge to each input, on the tapes it is on.

        `effects` names what single arguments do to the gradient, `effect` and `reason` the rest.
        """
        self.step()
        updates.examine_operands(self, op, (v for _, v in inputs), place)
        sparse.examine(self, op, [v for _, v in inputs], place)
        effects = {**flat.effects(op, inputs), **(effects or {})}
        edges: list[Edge] = []
        for name, value in flat.as_taken(op, inputs):
            how, why = effects.get(name, (effect, reason))
            edges.extend(Edge(leaf, how, why, name) for leaf in self.leaves(value))
        result = dtype if dtype is not None else promoted(edges, inputs)
        active, _ = self.state.recording()
        recorded: frozenset[Session] = frozenset()
        if kind is Kind.TENSOR and not result.is_blocked:
            recorded = frozenset(s for s in active if any(self.tracks(s, e.parent) for e in edges))
        node = self.node(op, kind, result, place, edges, recorded=recorded, note=note)
        node.operands = tuple(inputs)
        return Data(node)

    def leave_tensorflow(
        self,
        op: str,
        values: Iterable[Value],
        place: Place,
        kind: Kind,
        dtype: DType | None = None,
        reason: Reason = Reason.PYTHON,
    ) -> Data:
        """Make an array or number of the values: what was a tensor is cut, arrays go on."""
        self.step()
        given = list(values)
        sparse.examine(self, op, given, place)
        edges = []
        for leaf in (leaf for value in given for leaf in self.leaves(value)):
            if leaf.is_tensor:
                edges.append(Edge(leaf, Effect.CUT, reason, op))
            else:
                edges.append(Edge(leaf, argument=op))
        if dtype is None:
            dtype = promoted(edges, [("", value) for value in given])
        node = self.node(op, kind, dtype, place, edges)
        node.operands = tuple(("", value) for value in given)
        return Data(node)

    def unknown(
        self, op: str, inputs: Iterable[Value], place: Place | None, note: str = ""
    ) -> Data:
        """Return what code outside the analysis gave; it may depend on all it was ever handed."""
        self.step()
        edges: list[Edge] = []
        for value in inputs:
            self.escape(value)
            edges.extend(Edge(leaf) for leaf in self.leaves(value))
        active, _ = self.state.recording()
        node = self.node(op, Kind.UNKNOWN, DType.UNKNOWN, place, edges, recorded=active, note=note)
        node.reach = self.state.escaped
        return Data(node)


def same_defaults(a: FunctionValue, b: FunctionValue) -> bool:
    """Whether two closures of one function hold the same default values."""
    return all(x is y for (_, x), (_, y) in zip(a.defaults, b.defaults, strict=True))
