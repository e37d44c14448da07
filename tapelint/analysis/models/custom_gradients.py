"""`tf.custom_gradient`: the decorated function is one operation, and its gradient is the user's.

Facts of TensorFlow 2.21: the gradient function must give one gradient an argument; using a variable
without a `variables` parameter raises when the function is called; arguments given by keyword make
TensorFlow ignore the custom gradient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import TYPE_CHECKING

from tapelint.analysis.frames import Dead
from tapelint.analysis.graph import DType, Effect, Kind, Node, Reason, captured, past
from tapelint.analysis.ir import Place
from tapelint.analysis.observations import CustomGradientMisused
from tapelint.analysis.values import (
    NONE,
    Arguments,
    Box,
    Const,
    Data,
    FunctionValue,
    Instance,
    Tuple,
    Union,
    Value,
    VariableValue,
)

if TYPE_CHECKING:
    from tapelint.analysis.interpreter import Interpreter


# Arguments whose gradient is None, by position: where that is returned.
Ended = Mapping[int, Place]


def run_custom_gradient(machine: Interpreter, function: FunctionValue, args: Arguments) -> Value:
    """Run a decorated function: its value, on the tape as one operation."""
    plain = replace(function, marks=function.marks - {"custom_gradient"})
    started = machine.node("body", Kind.PYTHON, DType.UNKNOWN, args.place).number
    result = machine.call_function(plain, args)
    args = without_receiver(function, args)
    known = machine.elements(result)
    if known is None or len(known.values) != 2:
        return machine.opaque_call(function.lazy.name, args.values, args.place)
    value, backward = known.values
    if isinstance(backward, Const):
        return machine.opaque_call(function.lazy.name, args.values, args.place)
    ended: Ended = {}
    if isinstance(backward, FunctionValue):
        held = variables(read_inside(machine, value, args, started))
        ended = examine(machine, function, value, backward, args, held)
        machine.examined.add(function.lazy)
    return recorded(machine, function.lazy.name, value, args, ended, started)


def recorded(
    machine: Interpreter, name: str, part: Value, args: Arguments, ended: Ended, started: int
) -> Value:
    """Return the value as the result of one operation on the arguments.

    What happens inside is on no tape: of all that is used there, only trainable variables get a
    gradient too.
    """
    if isinstance(part, Tuple):
        parts = tuple(recorded(machine, name, p, args, ended, started) for p in part.elements)
        return Tuple(parts, part.names, part.cls)
    if isinstance(part, Box):
        contents = machine.elements(part)
        if contents is not None and contents.rest is None:
            values = [recorded(machine, name, p, args, ended, started) for p in contents.values]
            return machine.sequence("list", values)
    inputs: list[tuple[str, Value]] = [
        ("", gets_none(machine, name, v, ended[i]) if i in ended else v)
        for i, v in enumerate(args.values)
    ]
    leaves = machine.leaves(part)
    if any(node.kind is Kind.UNKNOWN for node in past(leaves) if node.number >= started):
        return machine.record(name, [*inputs, ("", part)], args.place)
    held = held_inside(machine, part, args, started)
    with_gradient = variables(held)
    inputs += [("" if n in with_gradient else "captured", Data(n)) for n in held]
    effects = {
        "captured": (Effect.CUT, Reason.CUSTOM),
        "inside": (Effect.CUT, Reason.VALUE_FREE),
    }
    return machine.record(name, [*inputs, ("inside", part)], args.place, effects=effects)


def gets_none(machine: Interpreter, name: str, value: Value, returned: Place) -> Value:
    """Return an argument as it enters an operation whose gradient function gives None for it."""
    return machine.record(name, [("", value)], returned, effect=Effect.CUT, reason=Reason.CUSTOM)


def examine(
    machine: Interpreter,
    function: FunctionValue,
    value: Value,
    backward: FunctionValue,
    args: Arguments,
    held: Sequence[Node],
) -> Ended:
    """Call the gradient function as TensorFlow would, and look at what it gives.

    Returns the arguments that get None on every path, by position, and where that is returned.
    """
    name = function.lazy.name
    is_new = function.lazy not in machine.examined
    if args.keywords and not args.positional:
        if is_new:
            machine.observe(CustomGradientMisused(args.place, "keywords", name))
        return {}
    parameters = backward.lazy.get().parameters
    takes_variables = any(p.name == "variables" or p.kind == "**" for p in parameters)
    if held and not takes_variables:
        place = backward.lazy.get().at
        label = held[0].label or ""
        if is_new:
            machine.observe(CustomGradientMisused(place, "variables", name, label, args.place))
        return {}
    if takes_variables and not held:
        # Whether TensorFlow asks for the gradients of variables too is not known.
        return {}
    upstream = [fresh_tensor(machine, args.place) for _ in range(output_count(machine, value))]
    start = machine.state
    machine.state = start.fork()
    try:
        handed = {"variables": machine.unknown("variables", [], args.place)}
        keywords = handed if takes_variables and held else {}
        given = machine.call(backward, Arguments(tuple(upstream), keywords, args.place))
        returned = machine.last_returned
        if given == NONE and not returned:
            # The end of the function is reached, and no `return`.
            returned = [(backward.lazy.get().at, NONE)]
    except Dead:
        returned = []
    # Lists that it returns are gone with its state.
    rows = [(place, row_of(machine, given, bool(held))) for place, given in returned]
    # What other code was handed is used, whatever is returned.
    handed_on = frozenset(machine.state.escaped - start.escaped)
    machine.state = start
    nodes = {u.node for u in upstream}
    count = None if args.keywords or args.is_open else argument_count(machine, args)
    if is_new:
        examine_returned(machine, name, rows, count, nodes, handed_on)
    return {} if held or count is None else ended_by(rows, count)


def ended_by(rows: list[tuple[Place, list[Value] | None]], count: int) -> Ended:
    """Return the arguments for which every path returns None, with the place of the last one."""
    if not rows or any(row is None or len(row) != count for _, row in rows):
        return {}
    place, _ = rows[-1]
    return {
        i: place
        for i in range(count)
        if all(row is not None and is_none(row[i]) for _, row in rows)
    }


def without_receiver(function: FunctionValue, args: Arguments) -> Arguments:
    """Return the arguments without `self`, which TensorFlow 2.21 binds and asks no gradient for."""
    receiver = args.positional[0] if args.positional else None
    if function.owner is None or not isinstance(receiver, Instance):
        return args
    return replace(args, positional=args.positional[1:])


def output_count(machine: Interpreter, value: Value) -> int:
    known = machine.elements(value) if isinstance(value, Tuple | Box) else None
    return len(known.values) if known is not None and known.rest is None else 1


def fresh_tensor(machine: Interpreter, place: Place) -> Data:
    return Data(machine.node("upstream", Kind.TENSOR, DType.FLOAT, place))


def argument_count(machine: Interpreter, args: Arguments) -> int | None:
    """Return how many gradients are wanted; None where an argument is a structure."""
    if any(isinstance(v, Tuple | Box | Union) for v in args.positional):
        return None
    return len(args.positional)


def held_inside(
    machine: Interpreter, value: Value, args: Arguments, started: int
) -> Sequence[Node]:
    """Return what the function used that is no argument, and not what an argument was made of.

    Variables that it made itself are among them.
    """
    given = past([leaf for v in args.values for leaf in machine.leaves(v)])
    leaves = machine.leaves(value)
    # A layer, or the function itself, may make its variables in the first call.
    made = [n for n in past(leaves) if n.kind is Kind.VARIABLE and n.number >= started]
    held = {*captured(leaves, started), *made} - given
    return sorted(held, key=lambda node: node.number)


def read_inside(
    machine: Interpreter, value: Value, args: Arguments, started: int
) -> Sequence[Node]:
    """Return what TensorFlow sees being read: what is captured, and arguments of Keras.

    Eager code watches the reads of the `tf.Variable` inside a `keras.Variable`, which is no argument;
    a graph reads all arguments before (TensorFlow 2.21, Keras 3.15).
    """
    held = held_inside(machine, value, args, started)
    if machine.frame_is_graph() or machine.library_steps or machine.runs_entry:
        return held
    of_keras = {
        leaf
        for v in args.values
        if isinstance(v, VariableValue) and v.library == "keras"
        for leaf in machine.leaves(v)
    }
    if not of_keras:
        return held
    return [*held, *(n for n in captured(machine.leaves(value), started) if n in of_keras)]


def variables(held: Sequence[Node]) -> list[Node]:
    """Return those of the captured values that TensorFlow wants gradients of."""
    return [n for n in held if (read := read_from(n)) is not None and read.trainable is True]


def read_from(node: Node) -> Node | None:
    """Return the variable that a node is, or is the value of since an assignment."""
    if node.kind is Kind.JOIN and node.edges and node.edges[0].parent.kind is Kind.VARIABLE:
        return node.edges[0].parent
    return node if node.kind is Kind.VARIABLE else None


def row_of(machine: Interpreter, given: Value, has_variables: bool) -> list[Value] | None:
    """Return the gradients of one `return`, None where they cannot be told apart."""
    if isinstance(given, Tuple | Box):
        known = machine.elements(given)
        if known is None or known.rest is not None:
            return None
        values = list(known.values)
        if has_variables:
            # for: return (dx, dy), dvariables
            return row_of(machine, values[0], False) if values else None
        return values
    return [given]


def examine_returned(
    machine: Interpreter,
    name: str,
    rows: list[tuple[Place, list[Value] | None]],
    count: int | None,
    upstream: set[Node],
    handed_on: Set[Node],
) -> None:
    known = [(place, row) for place, row in rows if row is not None]
    for place, row in known:
        if count is not None and len(row) != count:
            machine.observe(CustomGradientMisused(place, "arity", name, f"{len(row)} {count}"))
            return
    given = [any(not is_none(v) for _, row in known for v in row[i : i + 1]) for i in range(8)]
    for place, row in known:
        empty = [i for i, value in enumerate(row[:8]) if is_none(value)]
        if (row and len(empty) == len(row)) or any(given[i] for i in empty):
            machine.observe(CustomGradientMisused(place, "none", name))
            return
        leaves = [leaf for value in row for leaf in machine.leaves(value)]
        is_known = bool(leaves) and all(leaf.kind is Kind.TENSOR for leaf in leaves)
        if is_known and not past([*leaves, *handed_on]) & upstream:
            machine.observe(CustomGradientMisused(place, "upstream", name))
            return


def is_none(value: Value) -> bool:
    return value == NONE
