"""The run of a program: its state, its frames, and what is written down of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tapelint.analysis import persistence, unread
from tapelint.analysis.frames import Dead, Frame, OutOfBudget
from tapelint.analysis.graph import Node
from tapelint.analysis.handed import NodeSet, Roll
from tapelint.analysis.ir import Expr, Import, ImportFrom, LazyFunction, Place, Stmt
from tapelint.analysis.observations import Observation
from tapelint.analysis.singular import Suspects
from tapelint.analysis.state import Contents, State
from tapelint.analysis.values import (
    Arguments,
    Box,
    Data,
    Instance,
    Value,
    VariableValue,
    fresh,
)

if TYPE_CHECKING:
    from tapelint.analysis.models import untracked, untracked_parts


class Running:
    """What every layer of the interpreter stands on."""

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
        # Names of `tf.Variable`s, as far as they are known.
        self.variable_names: dict[int, str] = {}
        # Paths of Keras variables, which are keys of dicts as well.
        self.path_nodes: dict[int, Node] = {}
        self.paths: dict[Node, Data] = {}
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
        # Whether the program asks if gradients are None, and the requests whose gradients it asks of.
        self.asks_for_none = False
        self.questioned: set[Place] = set()
        # What code names that a known condition leaves out.
        self.left_out: set[Node] = set()
        # Whether the module has a branch that was left out.
        self.skips_code = False
        # Calls and contexts of libraries that are running: they may trace what runs within.
        self.foreign = 0
        # Steps of training that Keras runs, as a graph unless it is told otherwise.
        self.library_steps = 0
        # Where the script, or what it calls, asked for a gradient last.
        self.last_asked: Place | None = None
        # By gradient: the targets it is of.
        self.answered: dict[Node, Sequence[Node]] = {}
        # Readings of `trainable_variables` by the list they gave; variables of layers that a `call`
        # made, with its layer; variables that a request by such a list left out.
        self.collections: dict[int, untracked.Collection] = {}
        # Requests for lists of models that were not built when they were read, with their tapes.
        self.unbuilt: dict[Place, Place] = {}
        self.made_in_call: dict[Node, tuple[Instance, Instance, Place]] = {}
        self.hidden: dict[Node, untracked.Hidden] = {}
        # The cells of lists that a loop adds to, which runs we know not how often.
        self.grown: set[Hashable] = set()
        # What is one of many Keras variables, with one of them.
        self.keras_variables: dict[Node, VariableValue] = {}
        # The objects that one node stands for, where there are too many to tell apart.
        self.stands_for: dict[Node, tuple[Instance, ...]] = {}
        # Those of these nodes that stand for objects alone.
        self.only_objects: set[Node] = set()
        # By model: where it was trained first.
        self.trained_at: dict[int, Place] = {}
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
        # By tape: what was watched while the tape was not recording, which does nothing.
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

    def new_identity(self) -> int:
        return fresh()

    # ------------------------------------------------------------------ names

    def lookup(self, name: str) -> Value | None:
        frame = self.frame
        cells = self.state.cells
        for identity in (frame.identity, *frame.enclosing):
            found: Value | None = cells.get((identity, name))
            if found is not None:
                return found
        return None

    def set_name(self, name: str, value: Value) -> None:
        self.state.cells[(self.home_of(name), name)] = value

    def home_of(self, name: str) -> int:
        """Return the frame an assignment to the name goes to."""
        frame = self.frame
        if frame.function is not None:
            if name in frame.function.global_names:
                return self.module_frame(frame)
            if name in frame.function.nonlocal_names:
                for identity in frame.enclosing:
                    if (identity, name) in self.state.cells:
                        return identity
        return frame.identity

    def module_frame(self, frame: Frame) -> int:
        return frame.enclosing[-1] if frame.enclosing else frame.identity
