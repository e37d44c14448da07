"""Sets of nodes that only grow: what unknown code was handed so far.

Every branch and every unknown value has one, each with thousands of nodes and nearly all of them
shared, so that a set is the bits of one number: to unite two, to compare them and to keep them
costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tapelint.analysis.graph import Node


@dataclass(slots=True, eq=False)
class Roll:
    """Which bit stands for which node."""

    nodes: list[Node] = field(default_factory=list)
    bits: dict[Node, int] = field(default_factory=dict)

    def bit(self, node: Node) -> int:
        """Return the bit of a node, a new one if it has none."""
        found = self.bits.get(node)
        if found is None:
            found = self.bits[node] = 1 << len(self.nodes)
            self.nodes.append(node)
        return found


@dataclass(frozen=True, slots=True)
class NodeSet:
    """A set of the nodes of one roll; `NOBODY` is empty and of none."""

    bits: int
    roll: Roll

    def __bool__(self) -> bool:
        return bool(self.bits)

    def __contains__(self, node: Node) -> bool:
        return bool(self.roll.bits.get(node, 0) & self.bits)

    def __iter__(self) -> Iterator[Node]:
        """Yield the nodes in the order in which they were handed out."""
        for digit, node in zip(reversed(f"{self.bits:b}"), self.roll.nodes, strict=False):
            if digit == "1":
                yield node

    def __or__(self, other: NodeSet) -> NodeSet:
        both = self.bits | other.bits
        if both == self.bits:
            return self
        return other if both == other.bits else NodeSet(both, self.roll)

    def __sub__(self, other: NodeSet) -> NodeSet:
        return NodeSet(self.bits & ~other.bits, self.roll)

    def grown(self, nodes: Iterable[Node]) -> NodeSet:
        """Return the set with more nodes, itself if it has them all."""
        bits = self.bits
        for node in nodes:
            bits |= self.roll.bit(node)
        return self if bits == self.bits else NodeSet(bits, self.roll)


NOBODY = NodeSet(0, Roll())
