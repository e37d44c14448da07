"""Operations of TensorFlow and Keras: what the knowledge table says of a callable, applied.

An operation makes a tensor of its arguments; the table says which of them a gradient reaches.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from tapelint.analysis import knowledge, shapes
from tapelint.analysis.graph import DType, Effect, Kind, Reason
from tapelint.analysis.knowledge import DTypeClass, Facts, Output, ResultKind
from tapelint.analysis.models.constants import dtype_of, is_text
from tapelint.analysis.nodes import dtype_of_constant
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    Const,
    Data,
    DTypeValue,
    External,
    Native,
    Symbolic,
    Tuple,
    Union,
    Value,
    VariableValue,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter

EFFECTS = {
    knowledge.Effect.FLOWS: Effect.FLOWS,
    knowledge.Effect.NONE: Effect.CUT,
    knowledge.Effect.ZEROS: Effect.ZEROS,
    knowledge.Effect.RAISES: Effect.RAISES,
}
DTYPES = {
    DTypeClass.FLOAT: DType.FLOAT,
    DTypeClass.INT: DType.INT,
    DTypeClass.BOOL: DType.BOOL,
    DTypeClass.STRING: DType.STRING,
    DTypeClass.COMPLEX: DType.COMPLEX,
}
KINDS = {
    ResultKind.NUMBER: Kind.PYTHON,
    ResultKind.STRING: Kind.PYTHON,
    ResultKind.ARRAY: Kind.ARRAY,
}
STOPS = frozenset({"tf.stop_gradient", "keras.ops.stop_gradient", "keras.backend.stop_gradient"})
SAMPLERS = ("tf.random.", "keras.random.", "tf.compat.v1.random.")
# What the table speaks of.
MODULES = ("tf.", "keras.")


def apply(machine: Interpreter, name: str, arguments: Arguments) -> Value | None:
    """Run a callable the table knows; None for one it does not."""
    if not name.startswith(MODULES):
        return None
    facts = knowledge.facts(name)
    if facts is None:
        return None
    symbolic = machine.symbolic_in(arguments.values)
    if symbolic is not None:
        return symbolic_call(External(name), arguments)
    return run(machine, name, facts, arguments)


def symbolic_call(function: Value, arguments: Arguments) -> Symbolic:
    """Return the KerasTensor of a call on KerasTensors, to be run when its model is."""
    count, names = len(arguments.positional), tuple(arguments.keywords)

    def replay(machine: Interpreter, given: Arguments) -> Value:
        keywords = dict(zip(names, given.positional[count:], strict=True))
        inner = Arguments(given.positional[:count], keywords, arguments.place)
        return machine.call(function, inner)

    return Symbolic(Native("symbolic", replay, (function,)), arguments.values, arguments.place)


def run(machine: Interpreter, name: str, facts: Facts, arguments: Arguments) -> Value:
    """Make the result of an operation, with one edge an argument."""
    inputs = named_inputs(facts, arguments)
    if arguments.is_open:
        # What `*unknown` brings in may be any value that was handed out before.
        inputs.append(("", machine.unknown("arguments", [], arguments.place)))
    match facts.result:
        case ResultKind.NONE:
            return NONE
        case ResultKind.OBJECT:
            return machine.unknown(name, [v for _, v in inputs], arguments.place)
        case ResultKind.STRUCTURE:
            parts = tuple(
                made(machine, name, facts, output, inputs, arguments) for output in facts.outputs
            )
            number(parts)
            names = tuple(output.name for output in facts.outputs)
            return Tuple(parts, names if all(names) else ())
        case ResultKind.LIST:
            one = made(machine, name, facts, facts.outputs[0], inputs, arguments)
            count = known_count(machine, name, arguments)
            if count is None:
                return machine.sequence("list", (), one)
            others = [
                made(machine, name, facts, facts.outputs[0], inputs, arguments)
                for _ in range(count - 1)
            ]
            number([one, *others])
            return machine.sequence("list", [one, *others])
        case _:
            return made(machine, name, facts, facts.outputs[0], inputs, arguments)


def number(parts: Sequence[Data]) -> None:
    """Note of each result of an operation which one it is."""
    for position, part in enumerate(parts):
        part.node.output = position


def named_inputs(facts: Facts, arguments: Arguments) -> list[tuple[str, Value]]:
    inputs = [(facts.parameter(i), value) for i, value in enumerate(arguments.positional)]
    inputs += [(key, value) for key, value in arguments.keywords.items()]
    return inputs


def known_count(machine: Interpreter, name: str, arguments: Arguments) -> int | None:
    """Return how many pieces `tf.split(x, 3)`, `tf.split(x, [1, 2])` or `tf.meshgrid(x, y)` gives."""
    if name.endswith(".meshgrid"):
        return None if arguments.is_open else len(arguments.positional) or None
    value = arguments.get(1, "num_or_size_splits", "num", "num_split", "indices_or_sections")
    if isinstance(value, Const) and isinstance(value.value, int) and 0 < value.value <= 16:
        return value.value
    if isinstance(value, Tuple | Box):
        known = machine.elements(value)
        if known is not None and known.rest is None and 0 < len(known.values) <= 16:
            return len(known.values)
    return None


def made(
    machine: Interpreter,
    name: str,
    facts: Facts,
    output: Output,
    inputs: list[tuple[str, Value]],
    arguments: Arguments,
) -> Data:
    """Make one output."""
    effects: dict[str, tuple[Effect, Reason]] = {}
    dtype = result_dtype(machine, facts, output, inputs, arguments)
    for argument, value in inputs:
        effect = EFFECTS[output.effects.get(argument, output.default)]
        if argument in facts.flows_if_complex and may_be_complex(machine, value, effect):
            continue
        # `tf.not_equal(x, y)` of float tensors that never meet looks as if it used no value.
        if argument in facts.value_free and dtype is not DType.BOOL:
            effects[argument] = (Effect.CUT, Reason.VALUE_FREE)
        elif effect is not Effect.FLOWS:
            effects[argument] = (effect, reason_of(name, dtype))
    blocked = dtype is not None and dtype.is_blocked
    if blocked:
        # The op may have a gradient: what it gave, being an integer, carries none.
        reason = Reason.CAST if facts.dtype_argument else reason_of(name, dtype)
        for argument, value in inputs:
            how, why = effects.get(argument, (Effect.FLOWS, reason))
            # Nor is its gradient looked for, so that none that is missing raises.
            if how in (Effect.FLOWS, Effect.RAISES) and carries(machine, value):
                effects[argument] = (Effect.CUT, why)
    kind = KINDS.get(output.kind, Kind.TENSOR)
    made = machine.record(
        name,
        [i for i in inputs if not isinstance(i[1], DTypeValue)],
        arguments.place,
        dtype=dtype,
        effects=effects,
        kind=kind,
    )
    shape = shapes.result(name, inputs, partial(known_elements, machine))
    return Data(made.node, shape, shape is None and shapes.stays_column(name, inputs))


def known_elements(machine: Interpreter, value: Value) -> Sequence[Value] | None:
    """Return the elements of a list known to the last."""
    contents = machine.elements(value) if isinstance(value, Tuple | Box) else None
    return contents.values if contents is not None and contents.rest is None else None


def shape_of(machine: Interpreter, value: Value) -> tuple[int | None, ...] | None:
    """Return the shape of what a value becomes as a tensor, where it is written out."""
    match value:
        case Const(value=bool() | int() | float() | complex() | str()):
            return ()
        case Data() | VariableValue():
            return value.shape
        case Tuple() | Box():
            known = machine.elements(value)
            if known is None or known.rest is not None or not known.values:
                return None
            inner = shape_of(machine, known.values[0])
            return None if inner is None else (len(known.values), *inner)
        case _:
            return None


def may_be_complex(machine: Interpreter, value: Value, effect: Effect) -> bool:
    """Whether an argument is complex; what nothing is known of is where only that makes sense."""
    found = dtype_class(machine, value)
    # for: tf.math.imag(spectrum); no part of a real number comes through
    return found is DType.COMPLEX or (found is DType.UNKNOWN and effect is Effect.CUT)


def carries(machine: Interpreter, value: Value) -> bool:
    return any(not leaf.dtype.is_blocked for leaf in machine.leaves(value))


def result_dtype(
    machine: Interpreter,
    facts: Facts,
    output: Output,
    inputs: list[tuple[str, Value]],
    arguments: Arguments,
) -> DType | None:
    """Return the class of the result's dtype, None where the inputs decide."""
    if facts.dtype_argument:
        stated = [v for a, v in inputs if a == facts.dtype_argument]
        given = dtype_of(stated[0]) if stated else None
        if given is not None:
            return given
    if output.dtype in DTYPES:
        return DTYPES[output.dtype]
    if facts.dtype_from:
        deciding = [v for a, v in inputs if a == facts.dtype_from]
        if deciding:
            found = dtype_class(machine, deciding[0])
            return real(found) if output.dtype is DTypeClass.REAL else found
    elif inputs:
        # A word further on says how, not what: `padding="SAME"`, `name="positions"`.
        (_, first), *others = inputs
        found = dtype_class(machine, first, *(v for _, v in others if not is_text(v)))
        return real(found) if output.dtype is DTypeClass.REAL else found
    return None


def real(dtype: DType) -> DType:
    return DType.FLOAT if dtype is DType.COMPLEX else dtype


def dtype_class(machine: Interpreter, *values: Value) -> DType:
    """Return the dtype TensorFlow gives to a tensor made of the values together."""
    found: set[DType] = set()
    for value in values:
        collect_dtypes(machine, value, found, 0)
    for dtype in (DType.COMPLEX, DType.FLOAT, DType.UNKNOWN, DType.STRING, DType.INT, DType.BOOL):
        if dtype in found:
            return dtype
    return DType.UNKNOWN


def collect_dtypes(machine: Interpreter, value: Value, found: set[DType], depth: int) -> None:
    match value:
        case Const(value=None):
            pass
        case Const():
            found.add(dtype_of_constant(value.value))
        case Data() | VariableValue():
            found.add(value.node.dtype)
        case Tuple() | Box():
            known = machine.elements(value)
            if known is not None and depth < 4:
                for element in (*known.values[:50], *([known.rest] if known.rest else [])):
                    collect_dtypes(machine, element, found, depth + 1)
        case Union():
            for option in value.options:
                collect_dtypes(machine, option, found, depth + 1)
        case DTypeValue() | External():
            pass
        case _:
            found.add(DType.UNKNOWN)


def reason_of(name: str, dtype: DType | None) -> Reason:
    """Return why nothing comes back through a callable, in the catalogue's terms."""
    if name in STOPS:
        return Reason.STOP
    if name.startswith("keras.metrics."):
        return Reason.METRIC
    if dtype is DType.BOOL:
        return Reason.THRESHOLD
    if dtype is DType.STRING or name.startswith("tf.strings."):
        return Reason.STRING
    if name.startswith(SAMPLERS):
        return Reason.SAMPLE
    return Reason.OP
