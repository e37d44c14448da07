"""At which inputs a finding about NaN is tried: the obvious ones, and those that a run has found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tapelint.model import Role
from tapelint.verify.claims import Claim

# Where such operations go wrong, the most likely number first.
BAD_INPUTS: Mapping[str, tuple[float, ...]] = {
    "TAP501": (100.0, 1000.0, -1000.0),
    "TAP502": (0.0, -1.0, 1.0),
    "TAP503": (0.0, 1.0),
    "TAP504": (0.0, 1.0),
    "TAP505": (0.0, 1.0, -1.0),
    "TAP506": (0.0, 1.0, -1000.0),
    "TAP507": (1000.0, -1000.0, 0.0),
    "TAP508": (0.0, 1.0),
    "TAP509": (1.0, -1.0, 0.0),
    "TAP510": (0.0, 1.0),
}
MOST_PLACES = 2
MOST_NUMBERS = 4096
MOST_SHOWN = 6
LARGEST = 1e6


def sources_of(claim: Claim) -> list[tuple[str, int]]:
    """Return the sources that may be given other numbers: their names, and where they are made."""
    places: list[int] = []
    for step in claim.finding.steps:
        if step.role is Role.SOURCE and step.span.line not in places:
            places.append(step.span.line)
    names = [*claim.labels, *("the source" for _ in places)]
    return list(zip(names, places[:MOST_PLACES], strict=False))


def bad_inputs(claim: Claim) -> Iterator[tuple[str, int, float]]:
    """Yield what to try: the name of a source, the line it is made on, and a number."""
    for value in BAD_INPUTS.get(claim.finding.code, ()):
        for name, line in sources_of(claim):
            yield name, line, value


def finite(numbers: object) -> tuple[float, ...]:
    """Return numbers that the worker says it found, none where it says anything else."""
    if not isinstance(numbers, list) or len(numbers) > MOST_NUMBERS:
        return ()
    found = [float(n) for n in numbers if isinstance(n, (int, float)) and abs(n) < LARGEST]
    return tuple(found) if len(found) == len(numbers) else ()


def shown(numbers: Sequence[float]) -> str:
    """Return an input as text, the first numbers of many."""
    texts = [f"{number:.9g}" for number in numbers[:MOST_SHOWN]]
    if len(numbers) == 1:
        return texts[0]
    return f"[{', '.join(texts)}{', ...' if len(numbers) > MOST_SHOWN else ''}]"
