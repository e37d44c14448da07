"""The abstract machine: the current state, and how a value is recorded on the tapes.

It knows what TensorFlow does when an operation runs (who is watched, what is recorded), not what
any particular operation or piece of Python means: that is in `statements`, `expressions` and
`models`.
"""

from __future__ import annotations

import contextlib
import functools
import operator
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tapelint.analysis import persistence, shapes, sparse, unread, updates
from tapelint.analysis.graph import DType, Edge, Effect, Kind, Node, Reason, Session
from tapelint.analysis.handed import NOBODY, NodeSet, Roll
from tapelint.analysis.ir import Expr, Function, Import, ImportFrom, LazyFunction, Place, Stmt
from tapelint.analysis.observations import Observation
from tapelint.analysis.singular import Suspects
from tapelint.analysis.state import Contents, State, VariableState, join
from tapelint.analysis.values import (
    Arguments,
    Box,
    Const,
    Data,
    Dataset,
    External,
    FunctionValue,
    Instance,
    Native,
    NoGradient,
    Symbolic,
    TapeValue,
    Tuple,
    Union,
    Value,
    VariableValue,
    fresh,
    options_of,
)

if TYPE_CHECKING:
    from tapelint.analysis.models import untracked, untracked_parts

MOST_OPTIONS = 4
MOST_LEAVES = 400
DEEPEST_CALL = 24
DEEPEST_TRACE = 6
# Set once something was put into an object that is not known.
PUT_SOMEWHERE = "<put somewhere>"


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


class Machine:
    """State, frames and the recording of operations; subclassed by the interpreter."""

    def __init__(self, budget: int) -> None:
        self.state = State(NodeSet(0, Roll()))
        self.frames: list[Frame] = []
        self.stack: tuple[Place, ...] = ()
        self.observations: list[Observation] = []
        self.steps = 0
        self.budget = budget
        # States that explicit `raise` statements ended in, for each `try` that is open.
        self.raised: list[list[State]] = []
        self.reached: set[LazyFunction] = set()
        # Code runs that some caller reaches we know not when: what happened before is open.
        self.runs_entry = False
        self.variables: dict[Node, VariableValue] = {}
        # Objects that are keys of dicts.
        self.keyed: dict[int, Value] = {}
        # Paths of Keras variables, which are keys of dicts as well.
        self.path_nodes: dict[int, Node] = {}
        self.paths: dict[Node, Data] = {}
        # By tape: what was watched while the tape was not recording, which does nothing.
        # The `return` statements of the call that ended last.
        self.last_returned: list[tuple[Place, Value]] = []
        # Functions with `tf.custom_gradient` that were looked at.
        self.examined: set[LazyFunction] = set()
        # Whether the program copies weights from one model or variable to another.
        self.copies_weights = False
        # Gradients, clipped copies and optimizers that no name was read for so far.
        self.results: dict[int, unread.Result] = {}
        self.unread: dict[int, unread.Result] = {}
        self.read_from: set[Place] = set()
        # By statement: the name that held a variable and holds its updated value from there on.
        self.lost_updates: dict[Place, str] = {}
        # Whether an optimizer was made, and whether gradients were applied by anybody.
        self.has_optimizer = False
        self.applies = False
        # Whether the program asks if gradients are None.
        self.asks_for_none = False
        # Whether the module has a branch that was left out.
        self.skips_code = False
        # Where the script, or what it calls, asked for a gradient last.
        # Calls and contexts of libraries that are running: they may trace what runs within.
        self.foreign = 0
        # Steps of training that Keras runs, as a graph unless it is told otherwise.
        self.library_steps = 0
        self.last_asked: Place | None = None
        # By gradient: the targets it is of.
        self.answered: dict[Node, Sequence[Node]] = {}
        # Readings of `trainable_variables` by the list they gave; variables of layers that a `call`
        # made, with its layer; variables that a request by such a list left out.
        self.collections: dict[int, untracked.Collection] = {}
        # The cells of lists that a loop adds to, which runs we know not how often.
        self.grown: set[Hashable] = set()
        # The objects that one node stands for, where there are too many to tell apart.
        self.stands_for: dict[Node, tuple[Instance, ...]] = {}
        self.made_in_call: dict[Node, tuple[Instance, Instance, Place]] = {}
        self.hidden: dict[Node, untracked.Hidden] = {}
        # By object: where and by whom it was made.
        self.makers: dict[int, untracked_parts.Maker] = {}
        # By call that assigns: the variables it assigned to.
        self.assigned_at: dict[Place, set[Node]] = {}
        # By request: all that it was ever asked for.
        self.asked_for: dict[Place, set[Node]] = {}
        # Calls that run a function in a loop or graph of their own, out of which dense gradients come.
        self.graph_loops: set[Place | None] = set()
        self.suspects = Suspects(self.contents)
        # Tapes that were made with `persistent=True`, by their identity.
        self.persistent: dict[int, persistence.Persistent] = {}
        # Operations in which a row meets a column by accident.
        self.broadcasts: set[Node] = set()
        # What made a number of a term of a loss.
        self.idle_terms: set[Node] = set()
        self.late_watches: set[tuple[int, Node]] = set()

    # What the other halves of the interpreter provide.

    def evaluate(self, expression: Expr) -> Value:
        raise NotImplementedError

    def call(self, function: Value, arguments: Arguments) -> Value:
        raise NotImplementedError

    def attribute(self, value: Value, name: str, at: Place) -> Value:
        raise NotImplementedError

    def apply_decorator(self, decorator: Value, value: Value, at: Place) -> Value:
        raise NotImplementedError

    def imported(self, statement: Import | ImportFrom) -> Iterator[tuple[str, Value]]:
        raise NotImplementedError

    def run_block(self, body: Sequence[Stmt]) -> bool:
        raise NotImplementedError

    def guarded(self, body: Callable[[], bool], leave: Callable[[], object]) -> bool:
        raise NotImplementedError

    def function_frame(self) -> Frame:
        """Return the innermost frame that `return` leaves."""
        frame = self.frame
        while frame.parent is not None and frame.function is None:
            frame = frame.parent
        return frame

    @contextlib.contextmanager
    def on_condition(self) -> Iterator[None]:
        """Run code that a condition decides about which is not known."""
        frame = self.frame
        frame.undecided += 1
        try:
            yield
        finally:
            frame.undecided -= 1

    def is_conditional(self) -> bool:
        """Whether this function would not get here if it had known better.

        It is inside a `try`, or in a branch whose condition is not known.
        """
        frame: Frame | None = self.frame
        while frame is not None:
            if frame.undecided:
                return True
            frame = frame.parent
        return bool(self.raised)

    # ------------------------------------------------------------------ life

    def step(self) -> None:
        """Count one piece of work and stop the entry point when there were too many."""
        self.steps += 1
        if self.steps > self.budget:
            raise OutOfBudget

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    def die(self) -> None:
        """End this line of execution; an enclosing `try` may take it up."""
        if self.raised:
            self.raised[-1].append(self.state)
        raise Dead

    def observe(self, observation: Observation) -> None:
        self.observations.append(observation)

    # ------------------------------------------------------------------ nodes

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
        edges: list[Edge] = []
        for name, value in inputs:
            how, why = (effects or {}).get(name, (effect, reason))
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

    def derived(
        self, op: str, values: Iterable[Value], place: Place, kind: Kind, dtype: DType
    ) -> Data:
        """Make a value of the same world: an array of arrays, a number of numbers."""
        self.step()
        edges = [Edge(leaf) for value in values for leaf in self.leaves(value)]
        return Data(self.node(op, kind, dtype, place, edges))

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

    def escape(self, value: Value, depth: int = 0) -> None:
        """Note that unknown code holds the value from now on."""
        persistence.note_shared(self, value)
        for tape in self.tapes_in(value):
            # It may watch, pause, reset or ask it.
            if self.state.tape(tape.identity) is not None:
                self.state.set_tape(tape.identity, is_vague=True)
        reached: set[Node] = set()
        self._reach(value, reached, set(), depth)
        self.state.escaped = self.state.escaped.grown(reached)

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

    # ------------------------------------------------------------------ objects

    def attributes(self, identity: int) -> dict[str, Value]:
        """Return the attributes (or names) stored under an identity."""
        return self.state.cells.named(identity)

    def contents(self, box: Box) -> Contents:
        found: Contents | None = self.state.cells.get(("box", box.identity))
        return found if found is not None else Contents()

    def has_grown(self, value: Value) -> bool:
        """Whether a list may be longer than it shows: it was added to in a loop."""
        return isinstance(value, Box) and ("box", value.identity) in self.grown

    def fill(self, box: Box, contents: Contents) -> Box:
        self.state.cells[("box", box.identity)] = contents
        return box

    def sequence(self, kind: str, values: Iterable[Value], rest: Value | None = None) -> Box:
        """Make a new list-like box."""
        return self.fill(Box(kind), Contents(tuple(values), None, rest))

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
            return Data(many)
        return Union(tuple(options))

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

    def new_identity(self) -> int:
        return fresh()


def same_defaults(a: FunctionValue, b: FunctionValue) -> bool:
    """Whether two closures of one function hold the same default values."""
    return all(x is y for (_, x), (_, y) in zip(a.defaults, b.defaults, strict=True))


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
