"""TAP703: a row of numbers meets a column in a loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapelint.analysis.observations import LossBroadcast, Observation, Side
from tapelint.checks.findings import Rule
from tapelint.checks.phrasing import code, fitting
from tapelint.checks.verdicts import distinct
from tapelint.model import Finding, Role, Step

CODE = "TAP703"
RULE = Rule(CODE, "loss-broadcast")
HELP = (
    "give both the same shape: `tf.squeeze(column, axis=-1)`, or `row[:, tf.newaxis]`; "
    "`keras.losses` do it by themselves"
)


def check(observations: Sequence[Observation]) -> Iterator[Finding]:
    """Yield a finding for every such operation."""
    for span, found in distinct(observations, LossBroadcast, lambda o: True):
        left, right = (shape(side.shape) for side in found.sides)
        made = shape(result(found.sides))
        text = " ".join(found.place.text().split())
        why = f"{left} and {right} give {made}"
        message = fitting(
            f"{code(text)} pairs every number with every other: {why}",
            f"every number is paired with every other: {why}",
        )
        steps = [
            *operands(found),
            Step(span, Role.BREAK, f"the result has the shape {made}"),
            Step(found.asked.span(), Role.TAPE, "the gradient is asked for here"),
        ]
        yield RULE.finding(span, message, HELP, tuple(steps), is_likely=True)


def operands(found: LossBroadcast) -> Iterator[Step]:
    """Yield where the operands come from, unless that is within the operation itself."""
    inside = found.place.span()
    for side in found.sides:
        place = side.node.place
        if place is None or (place.span().path, place.span().line) == (inside.path, inside.line):
            continue
        name = code(side.node.label) if side.node.label else "this"
        yield Step(place.span(), Role.STEP, f"{name} has the shape {shape(side.shape)}")


def result(sides: Sequence[Side]) -> tuple[int | None, ...]:
    """Return the shape that a row and a column make."""
    row, column = sorted((side.shape for side in sides), key=len)
    return (*column[:-1], *row)


def shape(known: Sequence[int | None]) -> str:
    """Write a shape; `n` is a number of elements that is not known."""
    parts = ["n" if n is None else str(n) for n in known]
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"
