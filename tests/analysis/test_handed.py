"""Sets of nodes as bits are sets."""

from __future__ import annotations

import random

from tapelint.analysis.graph import DType, Kind, Node
from tapelint.analysis.handed import NOBODY, NodeSet, Roll


def test_they_are_sets() -> None:
    chance = random.Random(2)
    roll = Roll()
    nodes = [Node(str(n), Kind.TENSOR, DType.FLOAT, None) for n in range(90)]
    pairs: list[tuple[NodeSet, frozenset[Node]]] = [(NodeSet(0, roll), frozenset())]
    for _ in range(400):
        (a, x), (b, y) = chance.choice(pairs), chance.choice(pairs)
        more = chance.sample(nodes, chance.randrange(4))
        for found, wanted in ((a | b, x | y), (a - b, x - y), (a.grown(more), x.union(more))):
            assert set(found) == wanted
            assert bool(found) == bool(wanted)
            assert all((node in found) == (node in wanted) for node in nodes)
        pairs.append((a.grown(more), x.union(more)))


def test_what_adds_nothing_makes_no_new_set() -> None:
    node, other = (Node(op, Kind.TENSOR, DType.FLOAT, None) for op in "ab")
    one = NodeSet(0, Roll()).grown([node])
    two = one.grown([other])
    assert one.grown([node]) is one
    assert one | two is two
    assert NOBODY | one is one
    assert one | NOBODY is one
