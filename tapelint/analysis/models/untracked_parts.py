"""Parts of a tracked object that it does not track: what is in them is missing from its variables.

Facts of TensorFlow 2.21 and Keras 3.15: a Keras object tracks no `tf.Module`, a `tf.Module` no Keras
layer, and neither looks into an object of plain Python. Only parts count that the holder makes
itself: what it is handed, or refers back to, may well be trained by somebody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tapelint.analysis.graph import Node
from tapelint.analysis.ir import Place
from tapelint.analysis.models.keras_tracking import TrackingClass, trainable_flag, walk
from tapelint.analysis.values import Box, ClassValue, Instance, Tuple, Value, VariableValue

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter
    from tapelint.analysis.machine import Machine

DEEPEST = 4
PLAIN = "plain object"
MODULE = "module in a Keras object"
LAYER = "Keras layer in a module"
PLAIN_IN_MODULE = "plain object in a module"
PARTS = frozenset({PLAIN, MODULE, LAYER, PLAIN_IN_MODULE})


@dataclass(frozen=True, slots=True)
class Maker:
    """Where an object was made, and in a method of which other one."""

    place: Place
    owner: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """An object in an attribute of one that does not track it, and the variables below it."""

    kind: str
    label: str
    place: Place
    nodes: frozenset[Node]


def note(machine: Machine, made: Instance, place: Place) -> None:
    """Note who makes an object."""
    frame = machine.function_frame() if machine.frames else None
    owner: int | None = None
    method = frame.value if frame is not None else None
    if frame is not None and method is not None and method.owner is not None:
        owner = frame.receiver.identity if isinstance(frame.receiver, Instance) else None
    machine.makers[made.identity] = Maker(place, owner)


def parts(machine: Interpreter, holders: Sequence[Instance]) -> Iterator[Part]:
    """Yield the parts that are made by tracked objects and that these do not track."""
    known = {holder.identity for holder in holders}
    for holder in holders:
        for name, part in made_by(machine, holder):
            kind = None if part.identity in known else kind_of(machine, holder, part)
            if kind is not None:
                nodes = frozenset(v.node for v in below(machine, part, 0))
                yield Part(kind, name, machine.makers[part.identity].place, nodes)


def made_by(machine: Interpreter, holder: Instance) -> Iterator[tuple[str, Instance]]:
    """Yield what an object made and keeps in its attributes, with their names."""
    if not isinstance(holder.cls, ClassValue):
        return
    for name, value in list(machine.attributes(holder.identity).items()):
        if name.startswith("<"):
            continue
        for part in held(machine, value, 0):
            maker = machine.makers.get(part.identity) if isinstance(part, Instance) else None
            if isinstance(part, Instance) and maker is not None and maker.owner == holder.identity:
                yield name, part


def kind_of(machine: Interpreter, holder: Instance, part: Instance) -> str | None:
    """Return why a part is not tracked; None where it is, or where that is not known."""
    outer, inner = machine.library_of(holder), machine.library_of(part)
    if not isinstance(outer, TrackingClass):
        return None
    if isinstance(inner, TrackingClass):
        if inner.library == outer.library or trainable_flag(machine, part) is not True:
            return None
        return MODULE if outer.library == "keras" else LAYER
    if not is_plain(machine, part):
        return None
    return PLAIN if outer.library == "keras" else PLAIN_IN_MODULE


def is_plain(machine: Interpreter, part: Instance) -> bool:
    """Whether an object is of a class of the project that is based on none of a library."""
    cls = part.cls
    if not isinstance(cls, ClassValue) or machine.has_unknown_base(cls):
        return False
    return machine.library_base(cls) is None


def below(machine: Interpreter, part: Instance, depth: int) -> Iterator[VariableValue]:
    """Yield the variables that an object made, or tracks, or that the objects it made have."""
    if depth > DEEPEST:
        return
    holders = [part]
    if isinstance(machine.library_of(part), TrackingClass):
        visits = [v for v in walk(machine, part) if trainable_flag(machine, v.instance) is True]
        holders = [visit.instance for visit in visits]
        yield from (variable for visit in visits for variable, _ in visit.variables)
    known = {holder.identity for holder in holders}
    for holder in holders:
        for value in machine.attributes(holder.identity).values():
            yield from (v for v in held(machine, value, 0) if isinstance(v, VariableValue))
        for _, inner in made_by(machine, holder):
            is_open = kind_of(machine, holder, inner) is not None or is_plain(machine, holder)
            if inner.identity not in known and is_open:
                yield from below(machine, inner, depth + 1)


def held(machine: Interpreter, value: Value, depth: int) -> Iterator[Value]:
    """Yield a value and what is in it, if it is a container."""
    yield value
    if depth < 4:
        elements: Sequence[Value] = ()
        if isinstance(value, Tuple):
            elements = value.elements
        elif isinstance(value, Box):
            elements = machine.contents(value).values
        for element in elements:
            yield from held(machine, element, depth + 1)
