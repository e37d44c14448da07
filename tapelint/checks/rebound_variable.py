"""TAP104: a name that held a variable is bound to a tensor, or an update of one raises."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from tapelint.analysis.ir import Place
from tapelint.analysis.observations import (
    Cause,
    Misuse,
    Observation,
    UpdateMisused,
    VariableAugmented,
)
from tapelint.checks.chain import behind_source
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import LONGEST_ADVICE_CODE, code
from tapelint.checks.verdicts import Case, Group, caused_by, distinct, groups
from tapelint.model import Finding, Role, Step

CODE = "TAP104"
RULE = Rule(CODE, "rebound-variable")
IS_MINE = caused_by(Cause.REBOUND)

UPDATES = {ast.Add: "assign_add", ast.Sub: "assign_sub"}


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every statement that loses a variable whose gradient is wanted."""
    for group in groups(observations, IS_MINE, place_of):
        slots = list(dict.fromkeys(slot_of(case) for case in group.cases))
        held = f"{code(slots[0])} is a tensor" if len(slots) == 1 else "they are tensors"
        yield RULE.lost(
            group, why=f"{held} from here on", help=advice(group.first), steps=(*steps(group),)
        )
    yield from raising(observations)
    yield from lost_updates(observations)


def place_of(case: Case) -> Place | None:
    """Return the statement that binds the name anew."""
    return case.broken.rebinding.place if case.broken.rebinding is not None else None


def slot_of(case: Case) -> str:
    """Return the name, attribute or item that held the variable."""
    rebinding = case.broken.rebinding
    return rebinding.slot if rebinding is not None else case.lost.label


def steps(group: Group) -> Iterator[Step]:
    """Yield the chain from the variable over the statement that loses it to the request."""
    case = group.first
    slot = code(slot_of(case))
    rebinding = case.broken.rebinding
    if rebinding is not None and rebinding.variable.place is not None:
        yield Step(rebinding.variable.place.span(), Role.SOURCE, f"{slot} was a variable")
    yield Step(group.span, Role.BREAK, f"{slot} is bound to a tensor, which no tape watches")
    yield from (step for step in behind_source(group) if step.span != group.span)


def advice(case: Case) -> str:
    """Write the statement as an update of the variable."""
    place = place_of(case)
    return in_place(place.text() if place is not None else "", slot_of(case))


def raising(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every `v += d` on a `tf.Variable` (TensorFlow 2.21: RuntimeError)."""
    for span, found in distinct(observations, VariableAugmented):
        steps = [Step(span, Role.BREAK, "TensorFlow raises a RuntimeError here")]
        if found.variable.place is not None:
            made = found.variable.place.span()
            steps.insert(0, Step(made, Role.SOURCE, f"{code(found.label)} is a `tf.Variable`"))
        yield RULE.finding(
            span,
            f"{code(f'{found.label} {found.op}=')} on a `tf.Variable` raises",
            in_place(found.place.text(), found.label),
            tuple(steps),
        )


def lost_updates(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every update that only binds a name, which nobody reads after it."""
    for span, found in distinct(
        observations, UpdateMisused, lambda o: o.what is Misuse.UPDATE_LOST
    ):
        name = code(found.labels[0])
        step = Step(
            span, Role.BREAK, f"{name} is bound to a tensor, and nobody reads it after this"
        )
        yield RULE.finding(
            span,
            f"the update is lost: {name} names a new tensor, and the variable keeps its value",
            in_place(found.place.text(), found.labels[0]),
            (step,),
            is_likely=False,
        )


def in_place(statement: str, slot: str) -> str:
    """Write a statement as an update of the variable."""
    update = updated(statement, slot) or f"{slot}.assign(...)"
    return f"update the variable in place: {code(update, LONGEST_ADVICE_CODE)}"


def updated(statement: str, slot: str) -> str | None:
    """Return `w.assign_sub(d)` for `w = w - d` and the like, None where it is something else."""
    try:
        body = ast.parse(statement.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    match body:
        case [ast.AugAssign(op=op, value=value)] if type(op) in UPDATES:
            return f"{slot}.{UPDATES[type(op)]}({ast.unparse(value)})"
        case [ast.AugAssign(target=target, op=op, value=value)]:
            target = ast.parse(ast.unparse(target), mode="eval").body
            return f"{slot}.assign({ast.unparse(ast.BinOp(target, op, value))})"
        case [ast.Assign(targets=[target], value=value)]:
            return reassigned(ast.unparse(target), value)
    return None


def reassigned(slot: str, value: ast.expr) -> str | None:
    """Return the update that `slot = value` means."""
    match value:
        case ast.BinOp(left=left, op=op, right=right) if (
            type(op) in UPDATES and ast.unparse(left) == slot
        ):
            return f"{slot}.{UPDATES[type(op)]}({ast.unparse(right)})"
        case ast.BinOp(left=left, op=ast.Add(), right=right) if ast.unparse(right) == slot:
            return f"{slot}.assign_add({ast.unparse(left)})"
        case ast.Call(func=ast.Attribute(value=owner, attr=name)) if (
            name.startswith("assign") and ast.unparse(owner) == slot
        ):
            # w = w.assign_sub(d): the call alone is the update.
            return ast.unparse(value)
        case _ if slot.isidentifier() or "." in slot:
            return f"{slot}.assign({ast.unparse(value)})"
    return None
