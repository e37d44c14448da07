"""Variables that a Keras object uses and does not track, so that training by its own list skips them.

Facts of Keras 3.15: a Keras object tracks no `tf.Variable`, and a layer that is made in `call` is a
new one in every call. Objects in plain containers of Python are hidden on purpose too often.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tapelint.analysis import trace
from tapelint.analysis.graph import DType, Kind, Node, Session
from tapelint.analysis.ir import Place
from tapelint.analysis.models import eras
from tapelint.analysis.models.keras_tracking import TrackingClass, trainable_flag, walk
from tapelint.analysis.models.untracked_parts import PARTS, held, parts
from tapelint.analysis.observations import RequestMisused
from tapelint.analysis.state import Contents, VariableState
from tapelint.analysis.values import Box, ClassValue, Instance, Value, VariableValue

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

# A value that is given by hand: for a schedule, an average, an update of one's own.
GIVEN = r"\b{name}\b(\.\w+|\[[^\]]*\])*\.(assign|scatter)|(set_value|assign)\w*\([^)\n]*\b{name}\b"
# Weights that come from elsewhere may be meant to stay as they are.
RESTORED = re.compile(
    r"load_weights|set_weights|load_model|from_pretrained|\.restore\(|keras\.applications|hub\."
)


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """One reading of `trainable_variables`: of which object, and what it gave."""

    root: Instance
    box: Box
    nodes: frozenset[Node]


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """A variable that a request would have had a gradient for."""

    place: Place
    what: str
    label: str
    asked: Place


def note_collection(machine: Interpreter, root: Instance, box: Box) -> None:
    """Note what `root.trainable_variables` gave."""
    nodes = frozenset(v.node for v in machine.contents(box).values if isinstance(v, VariableValue))
    machine.collections[box.identity] = Collection(root, box, nodes)


def note_made(machine: Interpreter, made: Instance, nodes: Sequence[Node], at: Place) -> None:
    """Note the variables of a layer, if it was made while another one's `call` runs."""
    for frame in reversed(machine.frames):
        if frame.lazy is None or frame.receiver is None:
            continue
        if frame.lazy.name in ("build", "__init__"):
            return
        if frame.lazy.name == "call" and isinstance(frame.receiver, Instance):
            if isinstance(machine.library_of(frame.receiver), TrackingClass):
                for node in nodes:
                    machine.made_in_call[node] = (frame.receiver, made, at)
            return


def examine(
    machine: Interpreter, session: Session, targets: Sequence[Node], sources: Value, asked: Place,
    nodes: Sequence[Node],
) -> None:  # fmt: skip
    """Look for variables that a request by an object's own list leaves out."""
    if not machine.collections:
        return
    given = set(nodes)
    roots = [
        found.root
        for found in machine.collections.values()
        if (isinstance(sources, Box) and sources.identity == found.box.identity)
        or (found.nodes and found.nodes <= given)
    ]
    if not roots:
        return
    missing = [
        node
        for node in trace.cone(session, targets) - given
        if node.kind is Kind.VARIABLE
        and node.trainable is True
        and node.dtype is DType.FLOAT
        and (session, node) in machine.state.watched
        and node not in machine.hidden
        and not is_given(machine, node)
    ]
    if not missing:
        return
    # What is frozen is not to be trained, tracked or not.
    tracked = [
        visit.instance
        for root in roots
        if trainable_flag(machine, root) is True
        for visit in walk(machine, root)
        if trainable_flag(machine, visit.instance) is True
    ]
    seen = {i.identity for i in tracked if is_of_keras(machine, i)}
    for node in missing:
        found = in_attribute(machine, node, seen) or from_call(machine, node, seen)
        if found is not None:
            place, what, label = found
            machine.hidden[node] = Hidden(place, what, label, asked)
    for part in parts(machine, tracked):
        for node in part.nodes.intersection(missing) - machine.hidden.keys():
            machine.hidden[node] = Hidden(part.place, part.kind, part.label, asked)


def is_of_keras(machine: Interpreter, instance: Instance) -> bool:
    library = machine.library_of(instance)
    return isinstance(library, TrackingClass) and library.library == "keras"


def in_attribute(machine: Interpreter, node: Node, seen: set[int]) -> tuple[Place, str, str] | None:
    """Return where an attribute of a Keras object holds a `tf.Variable`."""
    variable = machine.variables.get(node)
    if variable is None or variable.library != "tf" or node.place is None:
        return None
    for key, cell in machine.state.cells.items():
        match key:
            case (int() as owner, str() as name) if owner in seen and not name.startswith("<"):
                if any(
                    isinstance(v, VariableValue) and v.node is node for v in held(machine, cell, 0)
                ):
                    return node.place, "untracked variable", name
            case _:
                pass
    return None


def from_call(machine: Interpreter, node: Node, seen: set[int]) -> tuple[Place, str, str] | None:
    """Return where a tracked object's `call` made the layer that a variable belongs to."""
    made = machine.made_in_call.get(node)
    if made is None or made[0].identity not in seen or is_kept(machine, made[1]):
        return None
    cls = made[0].cls
    return made[2], "layer made in call", cls.name if isinstance(cls, ClassValue) else ""


def is_kept(machine: Interpreter, layer: Instance) -> bool:
    """Whether some name, attribute or container holds a layer."""
    for key, cell in machine.state.cells.items():
        if isinstance(cell, Contents):
            values = (*cell.values, *([cell.rest] if cell.rest is not None else []))
        elif isinstance(key, tuple) and key[0] != layer.identity:
            values = (cell,)
        else:
            continue
        if any(v is layer for value in values for v in held(machine, value, 0)):
            return True
    return False


def observe_hidden(machine: Interpreter, texts: Iterable[str]) -> None:
    """Report, at the end of the program, what nobody asked for or gave a value by hand."""
    if not machine.hidden:
        return
    text = "\n".join(texts)
    # What is known to assign to other variables gives these no value.
    for place, nodes in machine.assigned_at.items():
        if not nodes & machine.hidden.keys():
            text = text.replace(place.text(), "")
    asked = {node for nodes in machine.asked_for.values() for node in nodes}
    for node, found in machine.hidden.items():
        if node in asked or is_given(machine, node):
            continue
        if found.what != "layer made in call" and (
            re.search(GIVEN.format(name=re.escape(found.label)), text)
            or eras.is_keras_2(machine, found.place)
        ):
            continue
        if found.what in PARTS and any(
            RESTORED.search(place.file_text()) for place in (found.place, found.asked)
        ):
            continue
        machine.observe(RequestMisused(found.place, found.what, found.label, found.asked))


def is_given(machine: Interpreter, node: Node) -> bool:
    """Whether a variable was assigned to."""
    variable = machine.variables.get(node)
    if variable is None:
        return False
    state = machine.state.cells.get(("variable", variable.identity))
    return isinstance(state, VariableState) and state.read.op != "tf.Variable"
