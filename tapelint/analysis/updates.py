"""How gradients are used: paired with variables, applied, dropped, or tripped over when None.

Gradients carry the source they belong to, so that a pair can be checked. Copies of models are
trained with each other's gradients on purpose (first-order meta-learning, averaging): where the
program copies weights, pairs of strangers are not remarked upon.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tapelint.analysis.graph import Effect, Kind, Node
from tapelint.analysis.ir import Compare, Constant, Expr, Place
from tapelint.analysis.observations import Misuse, UpdateMisused
from tapelint.analysis.values import (
    Box,
    Const,
    Data,
    NoGradient,
    Tuple,
    Value,
    VariableValue,
    options_of,
)

if TYPE_CHECKING:
    from tapelint.analysis.machine import Machine

DEEPEST = 12
# These take None among gradients (TensorFlow 2.21).
TAKES_NONE = frozenset(
    {"tf.clip_by_global_norm", "tf.linalg.global_norm", "tf.global_norm", "format"}
)


def gradients_in(value: Value) -> list[Node]:
    """Return the gradients a value was computed from, by way of arithmetic and clipping.

    Where there are some, what was too far away to be looked at is among them: it may be another.
    """
    if not isinstance(value, Data):
        return []
    found: list[Node] = []
    beyond: list[Node] = []
    seen: set[Node] = set()
    waiting = [(value.node, 0)]
    while waiting:
        node, depth = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.gradient_of is not None:
            found.append(node)
        elif depth > DEEPEST:
            beyond.append(node)
        else:
            # The elements of a long list are joined one by one.
            further = depth if node.kind is Kind.JOIN else depth + 1
            waiting.extend((e.parent, further) for e in node.edges if e.effect is not Effect.CUT)
    return found + beyond if found else []


def is_gradient(value: Value) -> bool:
    """Whether a value is a gradient, raw or processed."""
    return isinstance(value, NoGradient) or (isinstance(value, Data) and bool(gradients_in(value)))


def is_of_many(value: Value) -> bool:
    """Whether a value stands for the gradients of several variables, as in a loop over a long list."""
    if not isinstance(value, Data):
        return False
    seen, waiting = set[Node](), [(value.node, 0)]
    while waiting:
        node, depth = waiting.pop()
        if node in seen or node.gradient_of is not None or depth > DEEPEST:
            continue
        seen.add(node)
        if node.kind is Kind.UNKNOWN:
            return True
        if node.op == "join" and len({n.gradient_of for n in gradients_in(Data(node))}) > 1:
            return True
        waiting.extend((edge.parent, depth + 1) for edge in node.edges)
    return False


def held_gradients(iterator: Box) -> tuple[str, int]:
    """Return the cell that says whether there were gradients in an iterator that is used up."""
    return ("held gradients", iterator.identity)


def has_lost_gradients(machine: Machine, iterator: Box) -> bool:
    """Whether an iterator is used up that gradients were in."""
    return held_gradients(iterator) in machine.state.cells and machine.contents(iterator).is_spent


def belongs(gradient: Value, variable: VariableValue) -> bool:
    """Whether a gradient is, or may be, that of the variable."""
    found = gradients_in(gradient)
    if not found:
        return True
    for node in found:
        source = node.gradient_of
        if source is variable.node or source is None or source.kind is not Kind.VARIABLE:
            return True
    return False


def examine(machine: Machine, value: Value, place: Place) -> None:
    """Look at what `apply_gradients` was given; walking it spends a `zip`."""
    if isinstance(value, Box):
        contents = machine.contents(value)
        if value.kind in ("zip", "generator", "iterator") and contents.is_spent:
            misused(machine, place, Misuse.EXHAUSTED, ())
            return
        elements: Sequence[Value] = contents.values
        is_exact = contents.rest is None
        if not elements and is_swapped(contents.rest):
            misused(machine, place, Misuse.SWAPPED, ())
            return
    elif isinstance(value, Tuple):
        elements, is_exact = value.elements, True
    else:
        return
    if elements and all(is_gradient(e) for e in elements):
        misused(machine, place, Misuse.UNZIPPED, elements)
        return
    if len(elements) == 2 and is_gradient(elements[0]) and isinstance(elements[1], VariableValue):
        # for: apply_gradients((gradient, variable))
        misused(machine, place, Misuse.ONE_PAIR, elements[:1])
        return
    lists = [inside(machine, element) for element in elements]
    if is_exact and len(lists) == 2 and are_columns(*lists):
        # for: apply_gradients([gradients, variables])
        misused(machine, place, Misuse.COLUMNS, lists[0])
        return
    pairs = [
        (e.elements[0], e.elements[1])
        for e in elements
        if isinstance(e, Tuple) and len(e.elements) == 2
    ]
    examine_pairs(machine, pairs, place, is_exact and len(pairs) == len(elements))


def inside(machine: Machine, value: Value) -> Sequence[Value]:
    """Return what is known to be in a list or tuple, also where there may be more of the same."""
    if isinstance(value, Tuple):
        return value.elements
    if not isinstance(value, Box) or machine.contents(value).keys is not None:
        return ()
    contents = machine.contents(value)
    return contents.values if contents.rest is None else (*contents.values, contents.rest)


def are_columns(gradients: Sequence[Value], variables: Sequence[Value]) -> bool:
    """Whether one list holds gradients alone, and the other variables alone."""
    return (
        bool(gradients and variables)
        and all(is_gradient(g) for g in gradients)
        and all(isinstance(o, VariableValue) for v in variables for o in options_of(v))
    )


def is_swapped(pair: Value | None) -> bool:
    """Whether a pair, one of several that are not known one by one, begins with its variable."""
    if not isinstance(pair, Tuple) or len(pair.elements) != 2:
        return False
    first, second = pair.elements
    return all(isinstance(o, VariableValue) for o in options_of(first)) and is_gradient(second)


def examine_lists(machine: Machine, gradients: Value, variables: Value, place: Place) -> None:
    """Look at what `optimizer.apply(gradients, variables)` was given."""
    columns = [known_elements(machine, v) for v in (gradients, variables)]
    left, right = columns
    if left is None or right is None:
        return
    if len(left) != len(right):
        misused(machine, place, Misuse.MISMATCHED, left)
        return
    examine_pairs(machine, list(zip(left, right, strict=True)), place, True)


def known_elements(machine: Machine, value: Value) -> Sequence[Value] | None:
    """Return the elements of a list known to the last."""
    if isinstance(value, Tuple):
        return value.elements
    if isinstance(value, Box) and not machine.has_grown(value):
        contents = machine.contents(value)
        return contents.values if contents.rest is None and contents.keys is None else None
    return None


def examine_pairs(
    machine: Machine, pairs: Sequence[tuple[Value, Value]], place: Place, is_exact: bool
) -> None:
    swapped = [
        (a, b)
        for a, b in pairs
        if isinstance(a, VariableValue) and not isinstance(b, VariableValue)
    ]
    if swapped and all(is_gradient(b) for _, b in swapped):
        misused(machine, place, Misuse.SWAPPED, [a for a, _ in swapped])
        return
    strangers = [(g, v) for g, v in pairs if isinstance(v, VariableValue) and not belongs(g, v)]
    if strangers and are_strange(machine, strangers, pairs):
        misused(machine, place, Misuse.MISMATCHED, [v for _, v in strangers])


def are_strange(
    machine: Machine,
    strangers: Sequence[tuple[Value, Value]],
    pairs: Sequence[tuple[Value, Value]],
) -> bool:
    """Whether pairs of strangers are a mistake: another order, or lists that have nothing in common."""
    variables = {v.node for _, v in pairs if isinstance(v, VariableValue)}
    sources = {n.gradient_of for g, _ in strangers for n in gradients_in(g)}
    if sources & variables:
        return True
    return not machine.copies_weights


def examine_zip(machine: Machine, values: Sequence[Value], place: Place) -> None:
    """Look at `zip(gradients, variables)`: it stops at the shorter list in silence."""
    for value in values:
        if isinstance(value, Box) and has_lost_gradients(machine, value):
            misused(machine, place, Misuse.EXHAUSTED, ())
            return
    columns = [known_elements(machine, value) for value in values]
    if len(columns) != 2:
        return
    for gradients, variables in (columns, columns[::-1]):
        if gradients is None or variables is None or len(gradients) == len(variables):
            continue
        if (
            gradients
            and variables
            and all(is_gradient(g) and not is_of_many(g) for g in gradients)
            and all(isinstance(v, VariableValue) and not v.is_many for v in variables)
        ):
            misused(machine, place, Misuse.MISMATCHED, variables)
            return


def examine_update(machine: Machine, variable: VariableValue, value: Value, place: Place) -> None:
    """Look at `variable.assign_sub(rate * gradient)` written by hand.

    An accumulator or an average takes any gradient; a variable that the same request was asked for
    has one of its own.
    """
    found = gradients_in(value)
    machine.applies |= bool(found)
    if not found or belongs(value, variable) or machine.copies_weights:
        return
    requests = [node.place for node in found if node.place is not None]
    if any(variable.node in machine.asked_for.get(request, ()) for request in requests):
        misused(machine, place, Misuse.MISMATCHED, [variable])


def examine_difference(machine: Machine, left: Value, right: Value, place: Place) -> None:
    """Look at `gradient - rate * variable`, the update with its operands the wrong way round."""
    if not isinstance(left, Data) or left.node.gradient_of is None:
        return
    source = left.node.gradient_of
    if source.kind is Kind.VARIABLE and is_scaled(right, source, 0):
        misused(machine, place, Misuse.SWAPPED, [left])


def is_scaled(value: Value, variable: Node, depth: int) -> bool:
    """Whether a value is the variable times a number."""
    if isinstance(value, VariableValue):
        return value.node is variable and depth > 0
    if not isinstance(value, Data) or value.node.op not in ("*", "/") or depth > 2:
        return False
    operands = [v for _, v in value.node.operands]
    others = [v for v in operands if not is_scaled(v, variable, depth + 1)]
    return len(others) < len(operands) and all(isinstance(v, Const) for v in others)


def examine_operands(machine: Machine, op: str, values: Iterable[Value], place: Place) -> None:
    """Look for a gradient that is None among the operands of an operation, which raises."""
    for value in values:
        if isinstance(value, NoGradient) and op not in TAKES_NONE:
            misused(machine, place, Misuse.NONE_USED, [value], op)
            return


def note_question(machine: Machine, value: Value) -> None:
    """Note a value that is compared with None: who asks that of gradients wants to know of them."""
    asked = known_elements(machine, value) or (value,)
    options = [o for one in asked for o in options_of(one)]
    machine.asks_for_none |= any(is_gradient(o) for o in options)
    machine.questioned.update(asked_at(options))


def examine_filter(machine: Machine, condition: Expr, value: Value) -> None:
    """Note a gradient that is None and that the condition of a comprehension leaves out."""
    match condition:
        case Compare(ops=("is not" | "!=",), rights=(Constant(value=None),)) if isinstance(
            value, NoGradient
        ):
            misused(machine, condition.at, Misuse.NONE_FILTERED, [value])
        case _:
            pass


def misused(
    machine: Machine, place: Place, what: Misuse, values: Sequence[Value], op: str = ""
) -> None:
    """Report gradients that are applied, filtered or computed with wrongly."""
    labels = tuple(dict.fromkeys(filter(None, (label_of(value) for value in values))))
    machine.observe(UpdateMisused(place, what, labels, op, tuple(asked_at(values))))


def label_of(value: Value) -> str | None:
    return value.node.label if isinstance(value, Data | VariableValue | NoGradient) else None


def asked_at(values: Iterable[Value]) -> Iterator[Place]:
    """Yield where the gradients among the values were asked for."""
    for value in values:
        nodes = [value.node] if isinstance(value, NoGradient) else gradients_in(value)
        for node in nodes:
            if node.place is not None:
                yield node.place
