"""`tf.GradientTape`: entering and leaving, watching, and asking for gradients.

Facts are those of TensorFlow 2.21: a tape may be entered again (before `gradient` it goes on,
after it starts afresh), `gradient` inside its own block stops a tape that is not persistent, a
second request on one that is not persistent raises.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from tapelint.analysis import (
    persistence,
    unread,
    updates,
)
from tapelint.analysis.graph import Node, Session
from tapelint.analysis.ir import Place
from tapelint.analysis.mixing import mixes_rows
from tapelint.analysis.models import eras, unbuilt, untracked
from tapelint.analysis.models.answers import Asker
from tapelint.analysis.models.keras_lookup import is_symbol
from tapelint.analysis.models.registry import methods, models
from tapelint.analysis.observations import (
    Misuse,
    RequestMisused,
    TapeExhausted,
    TapeMisused,
)
from tapelint.analysis.state import TapeState
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    Const,
    Data,
    NoGradient,
    Pause,
    TapeValue,
    Tuple,
    Union,
    Value,
    VariableValue,
    fresh,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter
    from tapelint.analysis.machine import Machine

_sessions = itertools.count(1)


def make(machine: Machine, arguments: Arguments) -> Value:
    """Run `tf.GradientTape(persistent=False, watch_accessed_variables=True)`."""
    persistent = known_flag(arguments.get(0, "persistent"), False)
    accessed = known_flag(arguments.get(1, "watch_accessed_variables"), True)
    if arguments.is_open and persistent is False:
        persistent = None
    tape = TapeValue(fresh(), arguments.place)
    session = Session(next(_sessions), tape.identity, arguments.place, accessed is not False)
    machine.state.cells[("tape", tape.identity)] = TapeState(session, persistent)
    if persistent is True:
        persistence.note_made(machine, tape)
    return tape


def known_flag(value: Value | None, default: bool) -> bool | None:
    if value is None:
        return default
    return bool(value.value) if isinstance(value, Const) else None


def state_of(machine: Machine, tape: TapeValue) -> TapeState:
    """Return where a tape stands; one that nobody saw made may stand anywhere."""
    found = machine.state.tape(tape.identity)
    if found is None:
        session = Session(next(_sessions), tape.identity, tape.place, True)
        found = TapeState(session, None, is_vague=True)
        machine.state.cells[("tape", tape.identity)] = found
    return found


def renewed(tape: TapeValue, old: TapeState, began: Place) -> Session:
    return Session(next(_sessions), tape.identity, began, old.session.watches_accessed)


def enter(machine: Machine, tape: TapeValue, at: Place) -> None:
    """Run `with tape:`; after a request the record starts afresh."""
    state = state_of(machine, tape)
    if state.is_recording and not state.is_vague:
        # ValueError: Tape is still recording (TensorFlow 2.21).
        machine.die()
    if state.used is not None and state.persistent is False:
        machine.state.set_tape(
            tape.identity, session=renewed(tape, state, tape.place), used=None, is_vague=False
        )
    machine.state.set_tape(tape.identity, is_recording=True, is_paused=False, was_entered=True)
    if tape.identity not in machine.state.order:
        machine.state.order = (*machine.state.order, tape.identity)


def leave(machine: Machine, tape: TapeValue) -> None:
    """Leave the block of a tape."""
    machine.state.set_tape(tape.identity, is_recording=False, is_paused=False)
    machine.state.order = tuple(t for t in machine.state.order if t != tape.identity)


def pause(machine: Machine, tape: TapeValue, is_paused: bool) -> None:
    """Enter or leave `with tape.stop_recording():`."""
    state = state_of(machine, tape)
    if is_paused and not state.is_vague and (state.is_paused or not state.is_recording):
        # ValueError: Tape is not recording (TensorFlow 2.21).
        machine.die()
    machine.state.set_tape(tape.identity, is_paused=is_paused)


def watch(machine: Interpreter, tape: TapeValue, arguments: Arguments) -> Value:
    """Run `tape.watch(...)` on one tensor or a nest of them."""
    state = state_of(machine, tape)
    value = arguments.get(0, "tensor")
    if value is None:
        return NONE
    refused = keras_variable_in(machine, value)
    if refused is not None and not eras.is_keras_2(machine, arguments.place):
        # ValueError: Passed in object ... not tf.Tensor or tf.Variable (TensorFlow 2.21)
        label = refused.node.label or ""
        machine.observe(
            RequestMisused(arguments.place, "watched keras variable", label, tape.place)
        )
    if not isinstance(value, Tuple | Box) and is_symbol(machine, value):
        machine.observe(RequestMisused(arguments.place, "symbolic watch", "", tape.place))
    if not state.is_recording:
        # After the block a watch is accepted and does nothing; before it, TensorFlow raises.
        if not state.was_entered and not state.is_vague:
            machine.observe(TapeMisused(arguments.place, "watch before with", tape.place))
        machine.late_watches |= {(tape.identity, node) for node in watchable(machine, value)}
        return NONE
    marks = {(state.session, node) for node in watchable(machine, value)}
    machine.state.watched |= marks
    return NONE


def keras_variable_in(machine: Machine, value: Value) -> VariableValue | None:
    """Return the first Keras variable in a nest of values that are watched."""
    match value:
        case Tuple():
            found = (keras_variable_in(machine, part) for part in value.elements)
            return next((v for v in found if v is not None), None)
        case Box():
            contents = machine.contents(value)
            parts = contents.values if contents.rest is None else (*contents.values, contents.rest)
            return keras_variable_in(machine, Tuple(tuple(parts)))
        case _:
            # for: v in [v for v in layer.trainable_variables if chosen(v)]
            return machine.keras_variable(value)


def watchable(machine: Machine, value: Value) -> list[Node]:
    """Return the nodes that watching a value marks: a variable itself, not a read of it."""
    match value:
        case VariableValue():
            return [value.node]
        case Data():
            found = [value.node]
            if value.node.op == "join":
                found += [e.parent for e in value.node.edges]
            return found
        case Tuple(elements=parts) | Union(options=parts):
            return [n for part in parts for n in watchable(machine, part)]
        case Box():
            contents = machine.contents(value)
            rest = () if contents.rest is None else (contents.rest,)
            return [n for part in (*contents.values, *rest) for n in watchable(machine, part)]
        case _:
            return machine.leaves(value)


# ---------------------------------------------------------------------- asking


def ask(machine: Interpreter, tape: TapeValue, method: str, arguments: Arguments) -> Value:
    """Run `gradient`, `jacobian` or `batch_jacobian`."""
    target = arguments.get(0, "target")
    sources = arguments.get(1, "sources", "source")
    if target is None or sources is None:
        return machine.unknown(method, arguments.values, arguments.place)
    state = state_of(machine, tape)
    # Without pfor a Jacobian asks for one gradient after another.
    is_needed = state.is_recording or state.is_vague or has_own_way(arguments)
    persistence.note_request(machine, tape, arguments.place, is_needed)
    is_exhausted = use(machine, tape, state, method, arguments)
    examine_request(machine, method, state, target, sources, arguments)
    zero = unconnected_zero(method, arguments)
    asker = Asker(machine, tape, state, method, target, arguments)
    # TensorFlow raises: what the answer would be is no question.
    asker.is_vague |= is_exhausted or isinstance(target, NoGradient)
    updates.examine_operands(machine, f"tape.{method}", [target], arguments.place)
    result = asker.answers(sources, zero)
    asker.report(sources)
    if method == "batch_jacobian" and not asker.is_vague:
        examine_rows(machine, asker)
    if not machine.runs_entry:
        machine.last_asked = arguments.place
    machine.asked_for.setdefault(arguments.place, set()).update(asker.sources)
    if method == "gradient" and not asker.is_vague:
        untracked.examine(
            machine, asker.session, asker.targets, sources, arguments.place, asker.sources
        )
        unbuilt.examine(machine, asker.session, asker.targets, sources, arguments.place)
    if len(asker.lost) < asker.asked:
        unread.expect_use(machine, result, arguments.place, Misuse.UNUSED)
    return result


def has_own_way(arguments: Arguments) -> bool:
    """Whether a Jacobian may be computed without pfor."""
    given = arguments.keywords.get("experimental_use_pfor")
    return arguments.is_open or given not in (None, Const(True))


def examine_request(
    machine: Interpreter,
    method: str,
    state: TapeState,
    target: Value,
    sources: Value,
    arguments: Arguments,
) -> None:
    """Look for what makes a request raise, or answer something else than was meant."""

    def misused(what: str, value: Value) -> None:
        label = value.node.label if isinstance(value, Data | VariableValue) else None
        machine.observe(RequestMisused(arguments.place, what, label or "", state.session.opened))

    if isinstance(sources, Box) and ("frozen", sources.identity) in machine.state.cells:
        misused("frozen sources", sources)
    if is_symbol(machine, sources):
        # AttributeError: 'KerasTensor' object has no attribute '_id'
        misused("symbolic source", sources)
    if method != "gradient" and isinstance(target, Tuple | Box):
        misused("jacobian of a list", target)
    if method == "batch_jacobian":
        examine_batches(target, sources, misused)
    if state.is_recording and state.persistent and not state.is_paused and method == "gradient":
        misused("inside own tape", target)


def examine_batches(target: Value, sources: Value, misused: Callable[[str, Value], None]) -> None:
    """Look for shapes that are refused: of fewer than two axes, or of two batches."""
    asked = [value for value in (target, sources) if isinstance(value, Data | VariableValue)]
    known = [(value, value.shape) for value in asked if value.shape is not None]
    for value, shape in known:
        if len(shape) < 2:
            misused("batch jacobian of a vector", value)
            return
    if len({shape[0] for _, shape in known if shape[0] is not None}) > 1:
        misused("batch jacobian of two batches", target)


def examine_rows(machine: Machine, asker: Asker) -> None:
    """Look for rows of a batch that depend on each other."""
    if any(mixes_rows(asker.session, asker.targets, source) for source in asker.sources):
        what = "batch jacobian of other rows"
        machine.observe(RequestMisused(asker.place, what, "", asker.session.opened))


def use(
    machine: Machine, tape: TapeValue, state: TapeState, method: str, arguments: Arguments
) -> bool:
    """Note that the tape was asked; return whether it was asked before and is used up."""
    place = arguments.place
    is_exhausted = state.used is not None and state.persistent is False and not state.is_vague
    if is_exhausted and state.used is not None:
        machine.observe(TapeExhausted(place, method, state.used, tape.place, state.used is place))
    if not state.was_entered and not state.is_vague:
        machine.observe(TapeMisused(place, "never entered", tape.place))
    machine.state.set_tape(tape.identity, used=place)
    if state.is_recording and state.persistent is False:
        # What follows in the block is not recorded any more.
        machine.state.order = tuple(t for t in machine.state.order if t != tape.identity)
        machine.state.set_tape(tape.identity, is_recording=False)
    return is_exhausted


def unconnected_zero(method: str, arguments: Arguments) -> bool | None:
    """Whether the call asks for zeros instead of None (None: not known)."""
    position = 3 if method == "gradient" else 2
    value = arguments.get(position, "unconnected_gradients")
    if value is None:
        return None if arguments.is_open else False
    if isinstance(value, Const):
        return str(value.value).lower() == "zero"
    name = getattr(value, "name", "")
    if isinstance(name, str) and name.startswith("tf.UnconnectedGradients"):
        return name.endswith(".ZERO")
    return None


# ---------------------------------------------------------------------- methods


def stop_recording(machine: Interpreter, tape: TapeValue, arguments: Arguments) -> Value:
    return Pause(tape)


def reset(machine: Interpreter, tape: TapeValue, arguments: Arguments) -> Value:
    """Forget everything recorded and watched so far."""
    state = state_of(machine, tape)
    machine.state.set_tape(tape.identity, session=renewed(tape, state, arguments.place), used=None)
    return NONE


def watched_variables(machine: Interpreter, tape: TapeValue, arguments: Arguments) -> Value:
    """Return what the tape has seen being read; unknown code may have read more."""
    session = state_of(machine, tape).session
    nodes = sorted((n for s, n in machine.state.watched if s is session), key=lambda n: n.number)
    known = [machine.variables[n] for n in nodes if n in machine.variables]
    more = machine.unknown("watched_variables", [], arguments.place)
    return machine.sequence("list", known, more)


def enter_by_hand(machine: Interpreter, tape: TapeValue, arguments: Arguments) -> Value:
    enter(machine, tape, arguments.place)
    return tape


def leave_by_hand(machine: Interpreter, tape: TapeValue, arguments: Arguments) -> Value:
    leave(machine, tape)
    return NONE


METHODS: dict[str, Callable[[Interpreter, TapeValue, Arguments], Value]] = {
    "watch": watch,
    "gradient": lambda m, t, a: ask(m, t, "gradient", a),
    "jacobian": lambda m, t, a: ask(m, t, "jacobian", a),
    "batch_jacobian": lambda m, t, a: ask(m, t, "batch_jacobian", a),
    "stop_recording": stop_recording,
    "reset": reset,
    "watched_variables": watched_variables,
    "__enter__": enter_by_hand,
    "__exit__": leave_by_hand,
}


@models("tf.GradientTape")
def gradient_tape(machine: Interpreter, arguments: Arguments) -> Value:
    """Run `tf.GradientTape(...)`."""
    return make(machine, arguments)


@methods(TapeValue)
def method(machine: Interpreter, receiver: Value, name: str, arguments: Arguments) -> Value:
    """Run a method of a tape."""
    assert isinstance(receiver, TapeValue)
    known = METHODS.get(name)
    if known is None:
        if not name.startswith("_"):
            machine.observe(TapeMisused(arguments.place, f"no method {name}", receiver.place))
        return machine.unknown(name, arguments.values, arguments.place)
    return known(machine, receiver, arguments)
