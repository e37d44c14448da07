"""What Keras layers and `tf.Module`s track: the objects below one, their variables and losses.

Facts of TensorFlow 2.21 and Keras 3.15: a Keras object tracks layers and `keras.Variable`s in its
attributes, in lists, tuples and dicts too, but no `tf.Variable`; a `tf.Module` tracks
`tf.Variable`s and `tf.Module`s, but nothing of Keras. `trainable_variables` leaves out a variable
when its own layer, or the object that is asked, is frozen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from tapelint.analysis.graph import Kind, Node
from tapelint.analysis.ir import Place
from tapelint.analysis.models.registry import LibraryClass
from tapelint.analysis.values import (
    Box,
    ClassValue,
    Const,
    Data,
    External,
    Instance,
    Tuple,
    Union,
    Value,
    VariableValue,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

# What the models keep of an object beside its attributes. No attribute is spelt like this.
WEIGHTS = "<weights>"
# The variables that a layer will make when it is built.
PENDING = "<pending>"
PARTS = "<parts>"
OPEN = "<open>"
BUILT = "<built>"
CONFIG = "<config>"
LOSSES = "<losses>"
SEED = "<seed>"
# Escapes with the object, so that it shows whether unknown code holds it.
MARKER = "<marker>"

# Set while variables are made whose initialisation waits for the end of the call.
DEFERRED = ("keras", "deferred")

# How sure it is that a variable is in a collection, and at which place.
EXACT = "exact"
# Some variable like this one is there, any number of times.
MANY = "many"
# It may not be there at all.
MAYBE = "maybe"

DEEPEST = 12
MOST_OBJECTS = 600
WALKED_BOXES = ("list", "dict", "set", "deque")


class TrackingClass(LibraryClass):
    """A library class whose objects track others; `library` is whose variables it tracks."""

    library: ClassVar[str] = "keras"


@dataclass(slots=True)
class Visit:
    """An object that was met on the walk, and the variables it owns itself."""

    instance: Instance
    certainty: str
    variables: list[tuple[VariableValue, str]] = field(default_factory=list)
    # Things that may hold further variables.
    unsure: list[Value] = field(default_factory=list)


class Walk:
    """Visits an object and all it tracks, each once, in the order Keras lists their variables."""

    def __init__(self, machine: Interpreter) -> None:
        self.machine = machine
        self.visits: list[Visit] = []
        self.seen: set[int] = set()

    def attributes(self, identity: int) -> dict[str, Value]:
        """Return the attributes of a project object."""
        held = self.machine.attributes(identity)
        return {name: value for name, value in held.items() if not name.startswith("<")}

    def visit(self, instance: Instance, certainty: str = EXACT, depth: int = 0) -> None:
        """Visit an object that tracks, then what it tracks."""
        if instance.identity in self.seen or depth > DEEPEST or len(self.visits) > MOST_OBJECTS:
            return
        self.seen.add(instance.identity)
        library = self.machine.library_of(instance)
        if not isinstance(library, TrackingClass):
            return
        visit = Visit(instance, certainty)
        self.visits.append(visit)
        children: list[tuple[Instance, str]] = []
        self.read_own(visit, children, library.library)
        for child, how in children:
            weakest = max(certainty, how, key=(EXACT, MANY, MAYBE).index)
            self.visit(child, weakest, depth + 1)

    def read_own(self, visit: Visit, children: list[tuple[Instance, str]], library: str) -> None:
        cells = self.machine.state.cells
        identity = visit.instance.identity
        for variable in variables_in(cells.get((identity, WEIGHTS))):
            visit.variables.append((variable, EXACT))
        if may_be_built(self.machine, visit.instance):
            for variable in variables_in(cells.get((identity, PENDING))):
                visit.variables.append((variable, MAYBE))
        open_weights = cells.get((identity, OPEN))
        if open_weights is not None:
            visit.unsure.append(open_weights)
        parts = cells.get((identity, PARTS))
        if parts is not None:
            self.sort_out(parts, EXACT, visit, children, library)
        cls = visit.instance.cls
        if isinstance(cls, ClassValue):
            attributes = self.attributes(identity)
            for name in sorted(attributes) if library == "tf" else attributes:
                self.sort_out(attributes[name], EXACT, visit, children, library)
            if self.may_hold_more(visit.instance):
                visit.unsure.append(Data(unknown_node(self.machine)))
        if library == "keras":
            # As they were tracked, the trainable ones first (Keras 3.15).
            visit.variables.sort(
                key=lambda pair: (pair[0].node.trainable is False, pair[0].identity)
            )

    def may_hold_more(self, instance: Instance) -> bool:
        """Whether a base class we cannot read, or a `build` that did not run, may add state."""
        machine = self.machine
        if machine.has_unknown_base(instance.cls):
            return True
        for ancestor in machine.ancestry(instance.cls):
            if isinstance(ancestor, External) and not is_understood(ancestor.name):
                return True
        if not may_be_built(machine, instance):
            return False
        return machine.class_attribute(instance.cls, "build") is not None

    def sort_out(
        self,
        value: Value,
        how: str,
        visit: Visit,
        children: list[tuple[Instance, str]],
        library: str,
        depth: int = 0,
    ) -> None:
        """Sort what an attribute holds into variables, tracked objects and the unsure."""
        match value:
            case VariableValue():
                if value.library == library:
                    visit.variables.append((value, how))
            case Instance():
                found = self.machine.library_of(value)
                if isinstance(found, TrackingClass):
                    if found.library == library:
                        children.append((value, how))
                elif self.is_foreign(value):
                    visit.unsure.append(value)
            case Tuple() if depth < DEEPEST:
                for element in value.elements:
                    self.sort_out(element, how, visit, children, library, depth + 1)
            case Box() if value.kind in WALKED_BOXES and depth < DEEPEST:
                contents = self.machine.contents(value)
                for element in contents.values:
                    self.sort_out(element, how, visit, children, library, depth + 1)
                if contents.rest is not None:
                    self.sort_out(contents.rest, MANY, visit, children, library, depth + 1)
            case Union():
                whole = all(isinstance(o, Instance | VariableValue) for o in value.options)
                for option in value.options:
                    certainty = MANY if whole and how != MAYBE else MAYBE
                    self.sort_out(option, certainty, visit, children, library, depth + 1)
            case Data() if value.kind is Kind.UNKNOWN or may_be_object(value.node):
                visit.unsure.append(value)
            case _:
                pass

    def is_foreign(self, value: Instance) -> bool:
        """Whether the object's class is of a library nothing is known of."""
        base = self.machine.library_base(value.cls)
        return base is not None and not is_understood(base)


def may_be_object(node: Node) -> bool:
    return node.kind is Kind.JOIN and any(e.parent.kind is Kind.UNKNOWN for e in node.edges)


def is_understood(name: str) -> bool:
    """Whether the class of that name is modelled, or adds no state."""
    from tapelint.analysis.models.registry import class_of

    return name.startswith(("builtins.", "abc.", "typing.", "enum.")) or class_of(name) is not None


def unknown_node(machine: Interpreter) -> Node:
    return machine.unknown("state", [], None).node


def walk(machine: Interpreter, root: Instance) -> list[Visit]:
    """Return an object and everything it tracks."""
    walker = Walk(machine)
    walker.visit(root)
    return walker.visits


# ---------------------------------------------------------------------- collections


def trainable_flag(machine: Interpreter, instance: Instance) -> bool | None:
    """Return `layer.trainable`: True unless somebody set it."""
    value = machine.state.cells.get((instance.identity, "trainable"))
    if value is None:
        return True
    return bool(value.value) if isinstance(value, Const) else None


TRAINABLE = frozenset({"trainable_variables", "trainable_weights"})
FIXED = frozenset({"non_trainable_variables", "non_trainable_weights"})
COLLECTIONS = TRAINABLE | FIXED | {"variables", "weights", "_trainable_variables"}


def collection(machine: Interpreter, root: Instance, name: str, at: Place) -> Box:
    """Return `trainable_variables`, `weights` and their kin as a list."""
    collected = Collected(machine, root, name)
    for visit in walk(machine, root):
        collected.take(visit)
    return collected.listed(at)


class Collected:
    """Puts together one of the lists of variables."""

    def __init__(self, machine: Interpreter, root: Instance, name: str) -> None:
        self.machine = machine
        self.name = name
        self.root_flag = trainable_flag(machine, root)
        self.is_frozen = False
        self.pending: list[VariableValue] = []
        self.known: dict[int, VariableValue] = {}
        self.many: dict[int, VariableValue] = {}
        self.unsure: list[Value] = []

    def take(self, visit: Visit) -> None:
        """Add what an object owns."""
        own_flag = trainable_flag(self.machine, visit.instance)
        for variable, how in visit.variables:
            is_in = self.wanted(variable, own_flag)
            if is_in is False:
                self.is_frozen |= variable.node.trainable is not False
                continue
            if is_in is None or how == MAYBE or visit.certainty == MAYBE:
                self.unsure.append(variable)
            elif how == MANY or visit.certainty == MANY or variable.is_many:
                self.many[variable.identity] = variable
            else:
                self.known[variable.identity] = variable
        pending = variables_in(self.machine.state.cells.get((visit.instance.identity, PENDING)))
        self.pending += [v for v in pending if self.wanted(v, own_flag)]
        frozen = self.name in TRAINABLE and False in (self.root_flag, own_flag)
        if not frozen:
            self.unsure.extend(visit.unsure)
        seed = self.machine.state.cells.get((visit.instance.identity, SEED))
        has_seeds = self.name.endswith("variables") and self.name not in TRAINABLE
        if isinstance(seed, VariableValue) and has_seeds and visit.certainty == EXACT:
            self.known[seed.identity] = seed

    def wanted(self, variable: VariableValue, own_flag: bool | None) -> bool | None:
        """Whether the variable belongs to the collection, as far as that is known."""
        if self.name not in TRAINABLE | FIXED:
            return True
        flags = (self.root_flag, own_flag, variable.node.trainable)
        if False in flags:
            is_trainable: bool | None = False
        else:
            is_trainable = None if None in flags else True
        if is_trainable is None:
            return None
        return is_trainable if self.name in TRAINABLE else not is_trainable

    def listed(self, at: Place) -> Box:
        for identity in self.known:
            self.many.pop(identity, None)
        rests: list[Value] = list(self.many.values())
        if self.unsure:
            rests.append(self.machine.unknown(self.name, self.unsure, at))
        rest = self.machine.join_all(rests) if rests else None
        made = self.machine.sequence("list", self.known.values(), rest)
        if self.name in TRAINABLE and not self.known and rest is None:
            # Nothing is left to be trained, or nothing is there yet.
            why = "frozen" if self.is_frozen else "unbuilt"
            held = Const(True) if self.is_frozen else Tuple(tuple(self.pending))
            self.machine.state.cells[(why, made.identity)] = held
        return made


def direct_layers(machine: Interpreter, root: Instance) -> tuple[list[Value], list[Value]]:
    """Return `model.layers`: the objects tracked directly, and what further ones may be."""
    walker = Walk(machine)
    visit = Visit(root, EXACT)
    children: list[tuple[Instance, str]] = []
    walker.read_own(visit, children, "keras")
    exact: dict[int, Value] = {c.identity: c for c, how in children if how == EXACT}
    rest: list[Value] = [c for c, how in children if how != EXACT]
    return list(exact.values()), [*rest, *visit.unsure]


def freeze(machine: Interpreter, root: Instance, value: Value) -> None:
    """Run `layer.trainable = value`, which Keras passes down to everything tracked."""
    for visit in walk(machine, root):
        machine.state.cells[(visit.instance.identity, "trainable")] = value


def mark_built(machine: Interpreter, instance: Instance) -> None:
    """Note that the variables of a layer exist from now on."""
    cells = machine.state.cells
    cells[(instance.identity, BUILT)] = Const(True)
    pending = cells.pop((instance.identity, PENDING), None)
    is_fixed = stays_fixed(machine, instance)
    if isinstance(pending, Tuple):
        for variable, name in zip(pending.elements, pending.names, strict=True):
            if isinstance(variable, VariableValue):
                if is_fixed:
                    variable.node.trainable = False
                add_own(machine, instance, variable, name)


def stays_fixed(machine: Interpreter, layer: Instance) -> bool:
    """Whether the variables a layer makes now are non-trainable for good.

    Fact of Keras 3.15: what is built by the first call of a project class without `build` is
    initialised after it, as `layer.trainable` says by then; otherwise freezing stops no gradient.
    """
    return DEFERRED in machine.state.cells and trainable_flag(machine, layer) is False


def is_built(machine: Interpreter, instance: Instance) -> bool:
    """Whether a layer was built, with its variables."""
    return (instance.identity, BUILT) in machine.state.cells


def may_be_built(machine: Interpreter, instance: Instance) -> bool:
    """Whether code we did not see may have built a layer that nobody else has."""
    cells = machine.state.cells
    if (instance.identity, BUILT) in cells:
        return False
    marker = cells.get((instance.identity, MARKER))
    if machine.runs_entry or not isinstance(marker, Data):
        return True
    return marker.node in machine.state.escaped


def variables_in(cell: Value | None) -> Iterator[VariableValue]:
    """Yield the variables of a tuple of them, on whichever path it was filled."""
    match cell:
        case Tuple(elements=parts) | Union(options=parts):
            for part in parts:
                if isinstance(part, VariableValue):
                    yield part
                else:
                    yield from variables_in(part)
        case _:
            return


def own_variables(machine: Interpreter, instance: Instance) -> list[VariableValue]:
    """Return the variables made for the object itself, not those of its parts."""
    return list(variables_in(machine.state.cells.get((instance.identity, WEIGHTS))))


def named_variable(machine: Interpreter, instance: Instance, name: str) -> VariableValue | None:
    """Return the object's own variable of a name, built or not: `kernel`, `gamma`."""
    for cell in (WEIGHTS, PENDING):
        held = machine.state.cells.get((instance.identity, cell))
        if isinstance(held, Tuple) and name in held.names:
            found = held.elements[held.names.index(name)]
            if isinstance(found, VariableValue):
                return found
    return None


def add_own(
    machine: Interpreter, instance: Instance, variable: VariableValue, name: str = ""
) -> None:
    """Add a variable to those an object owns."""
    key = (instance.identity, WEIGHTS)
    held = machine.state.cells.get(key)
    if held is not None and not isinstance(held, Tuple):
        held = Tuple(tuple(variables_in(held)))
    old = held or Tuple(())
    names = old.names or ("",) * len(old.elements)
    machine.state.cells[key] = Tuple((*old.elements, variable), (*names, name))
