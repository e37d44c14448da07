"""Finds the operation that makes a gradient NaN with the numbers that a program starts with."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tapelint.analysis.concrete import numbers
from tapelint.analysis.concrete.evaluator import Evaluator
from tapelint.analysis.concrete.numbers import is_finite, is_nan
from tapelint.analysis.concrete.operations import OPERATIONS
from tapelint.analysis.concrete.tensors import Numbers, Tensor
from tapelint.analysis.graph import Node
from tapelint.analysis.state import Contents
from tapelint.analysis.values import Box

# What takes infinite numbers, of which the last one in a row must be finite.
SHARES = frozenset({"softmax", "log_softmax"})


@dataclass(frozen=True, slots=True)
class Culprit:
    """What first made something infinite or NaN that ended as a NaN.

    `is_zeroed`: the gradient that came down to it was zero, which another branch has the say of.
    """

    tensor: Tensor
    is_zeroed: bool = False


@dataclass(slots=True)
class Incoming:
    """The gradient of one tensor, as far as it has been added up."""

    numbers: Numbers | None
    culprit: Culprit | None = None
    # Some number is NaN, and nobody knows which.
    is_poisoned: bool = False

    @property
    def is_nan(self) -> bool:
        """Whether some number is NaN."""
        return self.is_poisoned or (self.numbers is not None and any(map(is_nan, self.numbers)))


class Search:
    """Computes gradients with the numbers of a program; keeps what it has worked out."""

    def __init__(self, contents: Callable[[Box], Contents]) -> None:
        self.evaluator = Evaluator(contents, OPERATIONS)

    def culprits(
        self, targets: Sequence[Node], sources: Sequence[Node], path: frozenset[Node]
    ) -> Iterator[tuple[Node, Culprit]]:
        """Yield, for each source whose gradient is NaN, the source and what made it so."""
        if not self.evaluator.run(targets):
            return
        incoming = backward(self.starts(targets), path)
        for source in sources:
            tensor = self.evaluator.tensors.get(source)
            found = incoming.get(tensor) if tensor is not None else None
            if found is not None and found.culprit is not None and found.is_nan:
                yield source, found.culprit

    def starts(self, targets: Sequence[Node]) -> dict[Tensor, Numbers | None]:
        """Return the gradient that a tape starts with: one for each number of the targets."""
        tensors = [self.evaluator.tensors[node] for node in targets]
        return {t: [1.0] * len(t.numbers) if t.is_known else None for t in tensors}


def backward(
    starts: Mapping[Tensor, Numbers | None], path: frozenset[Node]
) -> dict[Tensor, Incoming]:
    """Return the gradients of all tensors on the path, from those of the last ones."""
    incoming = {tensor: Incoming(numbers) for tensor, numbers in starts.items()}
    waiting = [(-tensor.order, tensor) for tensor in starts]
    heapq.heapify(waiting)
    while waiting:
        _, tensor = heapq.heappop(waiting)
        for parent, back in handed_on(tensor, incoming[tensor]):
            if parent.node is not None and parent.node not in path:
                continue
            known = incoming.get(parent)
            if known is None:
                incoming[parent] = back
                heapq.heappush(waiting, (-parent.order, parent))
            else:
                known.numbers = added(known.numbers, back.numbers)
                known.culprit = known.culprit or back.culprit
                known.is_poisoned = known.is_poisoned or back.is_poisoned
    return incoming


def handed_on(tensor: Tensor, given: Incoming) -> Iterator[tuple[Tensor, Incoming]]:
    """Yield what an operation hands on to each of its inputs."""
    for parent, pullback in tensor.inputs:
        if pullback is None or given.numbers is None or not parent.is_known:
            yield parent, Incoming(anything(tensor, parent), given.culprit, given.is_nan)
            continue
        back = pullback(given.numbers)
        culprit = given.culprit
        if culprit is None and not all(is_finite(n) for n in back):
            culprit = first(tensor, given.numbers)
        yield parent, Incoming(back, culprit, given.is_poisoned)


def first(tensor: Tensor, given: Numbers) -> Culprit:
    """Return what first was infinite or NaN: the operation, or one that its numbers are from."""
    origin = tensor
    while not makes_nan(origin):
        bad = [t for t, _ in origin.inputs if not all(is_finite(n) for n in t.numbers)]
        if not bad:
            break
        origin = bad[0]
    return Culprit(origin, any(n == 0 for n in given))


def makes_nan(tensor: Tensor) -> bool:
    """Whether a share of nothing was taken: `softmax` of a row of -inf, which is right by itself."""
    return (
        tensor.op in SHARES
        and any(map(is_nan, tensor.numbers))
        and not any(is_nan(n) for t, _ in tensor.inputs for n in t.numbers)
    )


def anything(tensor: Tensor, parent: Tensor) -> Numbers | None:
    """Return a gradient of which nothing is known."""
    if not parent.is_known:
        return None
    return [
        numbers.named("back", tensor.order, parent.order, i) for i in range(len(parent.numbers))
    ]


def added(x: Numbers | None, y: Numbers | None) -> Numbers | None:
    if x is None or y is None:
        return None
    return [numbers.add(a, b) for a, b in zip(x, y, strict=True)]
