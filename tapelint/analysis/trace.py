"""Answers the two questions of the tool: is a source connected to a target, and if not, why not.

Both walk the graph from the target back. Connection follows only what a real tape recorded; the
explanation follows everything and counts what stands in the way.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tapelint.analysis import flat
from tapelint.analysis.graph import Edge, Effect, Kind, Node, Reason, Session, past
from tapelint.analysis.handed import NOBODY
from tapelint.analysis.observations import Break, Cause, Lost

Watched = frozenset[tuple[Session, Node]]

# What it costs to explain a missing gradient by a way that crosses such an obstacle.
CUT = 10.0
# Cheaper than any way that ends in None: what arrives by it, zeros, is what the tape answers.
ZEROS = 2.0
OUTSIDE = 8.0
FURTHER_OUTSIDE = 0.1
UNWATCHED = 5.0
STEP = 0.01
# A way that crosses one of these is no explanation of its own.
TOO_FAR = 40.0

# Operations whose backward pass does not use the value of the operand it differentiates.
LINEAR = frozenset(
    {
        "+", "-", "-x", "+x", "[]", "tf.add", "tf.subtract", "tf.negative", "tf.reduce_sum",
        "tf.reduce_mean", "tf.identity", "tf.reshape", "tf.transpose", "tf.squeeze",
        "tf.expand_dims", "tf.concat", "tf.stack", "tf.unstack", "tf.split", "tf.cast", "tf.tile",
        "tf.gather", "tf.add_n", "sum", "tf.reverse", "tf.broadcast_to", "tf.convert_to_tensor",
        "element", "tf.pad", "tf.math.cumsum", "tf.cumsum", "keras.ops.sum", "keras.ops.mean",
        "keras.ops.reshape", "keras.ops.add", "keras.ops.subtract",
    }
)  # fmt: skip
BILINEAR = frozenset(
    {
        "*", "@", "tf.multiply", "tf.matmul", "tf.tensordot", "tf.linalg.matmul",
        "tf.linalg.matvec", "tf.einsum", "keras.ops.multiply", "keras.ops.matmul", "keras.layers.Dense",
    }
)  # fmt: skip


def passes(session: Session, node: Node) -> bool:
    """Whether the tape can go through the operation that made the node."""
    if node.kind is Kind.JOIN or node.kind is Kind.UNKNOWN:
        return True
    return session in node.recorded


def tracked(session: Session, watched: Watched, node: Node) -> bool:
    """Whether the tape knows the node's tensor at all."""
    if node.kind is Kind.UNKNOWN or session in node.recorded or (session, node) in watched:
        return True
    if node.kind is Kind.JOIN:
        return any(
            e.effect is not Effect.CUT and tracked(session, watched, e.parent) for e in node.edges
        )
    return False


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Where a gradient of some targets may arrive, and what unknown code on the way held."""

    nodes: frozenset[Node]
    held: frozenset[Node]


def arrivals(session: Session, targets: Iterable[Node]) -> Arrivals:
    """Follow every way back from the targets, through unknown code too."""
    seen: set[Node] = set()
    held: set[Node] = set()
    opened = NOBODY
    waiting = list(targets)
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.kind is Kind.UNKNOWN:
            # Nodes made one after another share what had been handed out by then.
            handed = list(node.reach - opened)
            opened |= node.reach
            held.update(handed)
            waiting.extend(handed)
        if not passes(session, node) or node.dtype.is_blocked:
            continue
        waiting.extend(e.parent for e in node.edges if e.effect is Effect.FLOWS)
    return Arrivals(frozenset(seen), frozenset(held))


def is_connected(
    session: Session, watched: Watched, targets: Sequence[Node], source: Node, found: Arrivals
) -> bool:
    """Whether a gradient may come out: True as soon as one way is open or not understood."""
    if source.kind is Kind.UNKNOWN or source in targets:
        return True
    if source.kind is Kind.JOIN:
        return any(
            is_connected(session, watched, targets, e.parent, found)
            for e in source.edges
            if e.effect is Effect.FLOWS
        )
    if source.dtype.is_blocked:
        return False
    is_tracked = tracked(session, watched, source)
    if not is_tracked and not is_watched_on_access(session, source):
        return False
    # Unknown code that held a variable may have read it.
    return source in found.held or (is_tracked and source in found.nodes)


def is_watched_on_access(session: Session, node: Node) -> bool:
    """Whether reading the node, wherever that is, is all that its gradient needs."""
    return node.kind is Kind.VARIABLE and node.trainable is not False and session.watches_accessed


def cone(session: Session, targets: Iterable[Node]) -> set[Node]:
    """Return every node a gradient of the targets can arrive at."""
    seen: set[Node] = set()
    waiting = list(targets)
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if passes(session, node) and not node.dtype.is_blocked:
            waiting.extend(e.parent for e in node.edges if e.effect is Effect.FLOWS)
    return seen


def is_sealed(session: Session, watched: Watched, targets: Sequence[Node]) -> bool:
    """Whether no source whatever, known or not, can get a gradient from the targets."""
    for node in cone(session, targets):
        if node.kind is Kind.UNKNOWN or tracked(session, watched, node):
            if node.kind is Kind.UNKNOWN or not node.edges or node.kind is Kind.VARIABLE:
                return False
            if (session, node) in watched:
                return False
    return True


def explain(
    session: Session, watched: Watched, targets: Sequence[Node], source: Node, label: str
) -> Lost:
    """Return why the source gets no gradient: the cheapest way back to it, and its breaks."""
    goals = {source}
    if source.kind is Kind.JOIN:
        goals |= {e.parent for e in source.edges if e.effect is Effect.FLOWS}
    way = cheapest(session, targets, goals)
    if way is None:
        return without_way(session, watched, targets, source, label)
    nodes, edges = way
    breaks = breaks_on(session, watched, nodes, edges)
    return Lost(label, source, tuple(breaks), tuple(nodes))


def cheapest(
    session: Session, targets: Sequence[Node], goals: set[Node]
) -> tuple[list[Node], list[Edge]] | None:
    """Dijkstra from the targets back: nodes from source to target, and the edges between them."""
    best: dict[Node, float] = {}
    came: dict[Node, tuple[Node, Edge]] = {}
    queue: list[tuple[float, int, Node]] = []
    for target in targets:
        entry = OUTSIDE if is_outside(session, target) else 0.0
        if entry < best.get(target, TOO_FAR):
            best[target] = entry
            heapq.heappush(queue, (entry, target.number, target))
    while queue:
        cost, _, node = heapq.heappop(queue)
        if cost > best[node]:
            continue
        if node in goals:
            return unwound(node, came)
        for edge in node.edges:
            price = cost + STEP + edge_cost(session, node, edge)
            parent = edge.parent
            if is_outside(session, parent) and parent not in goals:
                price += FURTHER_OUTSIDE if is_outside(session, node) else OUTSIDE
            if price < best.get(parent, TOO_FAR):
                best[parent] = price
                came[parent] = (node, edge)
                heapq.heappush(queue, (price, parent.number, parent))
    return None


def unwound(start: Node, came: dict[Node, tuple[Node, Edge]]) -> tuple[list[Node], list[Edge]]:
    nodes, edges = [start], []
    while nodes[-1] in came:
        child, edge = came[nodes[-1]]
        nodes.append(child)
        edges.append(edge)
    return nodes, edges


def edge_cost(session: Session, child: Node, edge: Edge) -> float:
    if edge.effect is Effect.FLOWS:
        return 0.0
    if edge.effect is Effect.ZEROS:
        return ZEROS
    if edge.reason in (Reason.VALUE_FREE, Reason.CONTROL):
        return TOO_FAR
    if edge.reason in (Reason.ASSIGN, Reason.DATASET):
        # An update outside this tape (an optimizer's, say) is no part of this computation.
        return CUT if session in child.active else TOO_FAR
    if edge.reason is Reason.REWRAP and edge.argument == "initial value":
        return CUT if session in child.active else CUT + OUTSIDE
    return CUT


def is_outside(session: Session, node: Node) -> bool:
    """Whether the operation ran while the tape was not recording."""
    if node.kind in (Kind.JOIN, Kind.VARIABLE) or not node.edges:
        return False
    return session not in node.active and session not in node.recorded


def breaks_on(
    session: Session, watched: Watched, nodes: Sequence[Node], edges: Sequence[Edge]
) -> list[Break]:
    """Return what stands in the way, from source to target."""
    source = nodes[0]
    found: list[Break] = []
    first = source_break(session, watched, source)
    if first is not None:
        found.append(first)
    alive = first is None
    outside = False
    for node, edge in zip(nodes[1:], edges, strict=True):
        if edge.effect is not Effect.FLOWS:
            found.append(Break(Cause.CUT, node, edge))
            alive = False
            outside = False
        elif is_outside(session, node):
            if not outside:
                found.append(Break(why_outside(session, node), node, edge))
            outside = True
            alive = False
        elif node.dtype.is_blocked and not edge.parent.dtype.is_blocked:
            found.append(Break(Cause.CUT, node, edge))
            alive = False
        else:
            outside = False
            if alive and not passes(session, node):
                found.append(Break(Cause.LATE_WATCH, node, edge))
                alive = False
    return found


def why_outside(session: Session, node: Node) -> Cause:
    if session in node.paused:
        return Cause.PAUSED
    if any(s.tape == session.tape for s in node.active):
        return Cause.RESET
    if node.op in ("gradient", "jacobian", "batch_jacobian"):
        return Cause.HIGHER_ORDER
    return Cause.OUTSIDE


def source_break(session: Session, watched: Watched, source: Node) -> Break | None:
    """Return what is wrong with the source itself."""
    if source.dtype.is_blocked:
        return Break(Cause.BLOCKED_DTYPE, source)
    if tracked(session, watched, source):
        return None
    if source.kind is Kind.VARIABLE:
        if source.trainable is False:
            return Break(Cause.NOT_TRAINABLE, source)
        if not session.watches_accessed:
            return Break(Cause.NOT_AUTO_WATCHED, source)
        return None
    if source.rebound is not None:
        return Break(Cause.REBOUND, source, rebinding=source.rebound)
    return Break(Cause.UNWATCHED, source)


# Operations whose result equals (part of) their input: asking for them instead of the input is
# asking for another tensor.
COPIES = frozenset(
    {
        "[]", "element", "tf.identity", "read_value", "value", "tf.Variable", "tf.convert_to_tensor",
        "tf.reshape", "tf.squeeze", "tf.expand_dims", "tf.gather", "tf.cast", "tf.constant",
        "tf.nn.embedding_lookup", "copy.copy", "copy.deepcopy", "tf.transpose",
    }
)  # fmt: skip


def without_way(
    session: Session, watched: Watched, targets: Sequence[Node], source: Node, label: str
) -> Lost:
    """Explain a source that the target was not made from at all."""
    if source.dtype.is_blocked:
        return Lost(label, source, (Break(Cause.BLOCKED_DTYPE, source),), (source,))
    ancestors = past(targets)
    if source.rebound is not None:
        broken = Break(Cause.REBOUND, source, rebinding=source.rebound)
        return Lost(label, source, (broken,), (source,))
    twin = counterpart(source, ancestors)
    if twin is not None:
        return Lost(label, source, (Break(Cause.EQUAL, source),), (twin, source))
    return Lost(label, source, (Break(Cause.UNCONNECTED, source),), (source,))


def counterpart(source: Node, ancestors: set[Node]) -> Node | None:
    """Return the node of the target's past that the source equals: its original, or a twin."""
    node = source
    for _ in range(8):
        if node.op not in COPIES or not node.edges:
            break
        node = node.edges[0].parent
        if node in ancestors:
            return node
    if not source.edges or source.kind is Kind.VARIABLE:
        return None
    made_from = [e.parent for e in source.edges]
    for other in ancestors:
        if other.op == source.op and [e.parent for e in other.edges] == made_from:
            return other
    # Another application of the same parts: a second call of the encoder.
    leaves = {n for n in past([source]) if not n.edges}
    variables = {n for n in leaves if n.kind is Kind.VARIABLE}
    if variables and leaves <= ancestors:
        for other in ancestors:
            if other.op == source.op and {n for n in past([other]) if not n.edges} == leaves:
                return other
    return None


def backward_uses(
    session: Session, targets: Sequence[Node], source: Node, is_traced: bool
) -> list[Edge]:
    """Return edges to the values that the backward pass from targets to source is computed from.

    A second derivative exists through these alone: of something linear there is none. To a tape
    outside (`is_traced`: the request is in the graph as well) a traced function is one operation,
    whose backward pass is for all of its inputs at once (TensorFlow 2.21).
    """
    reachable: dict[Node, bool] = {}

    def leads(node: Node) -> bool:
        order: list[tuple[Node, bool]] = [(node, False)]
        while order:
            current, done = order.pop()
            if done:
                reachable[current] = any(
                    reachable.get(e.parent, False)
                    for e in current.edges
                    if e.effect is Effect.FLOWS and passes(session, current)
                )
                continue
            if current in reachable:
                continue
            if current is source:
                reachable[current] = True
                continue
            reachable[current] = False
            order.append((current, True))
            if passes(session, current):
                order.extend((e.parent, False) for e in current.edges if e.effect is Effect.FLOWS)
        return reachable[node]

    used: dict[Node, Edge] = {}
    on_way = [t for t in targets if leads(t)]
    seen: set[Node] = set()
    while on_way:
        node = on_way.pop()
        if node in seen or node is source:
            continue
        seen.add(node)
        onward = [e for e in node.edges if e.effect is Effect.FLOWS and reachable.get(e.parent)]
        if node.kind is Kind.JOIN or node.op in LINEAR:
            pass
        elif is_bilinear(node) and (not node.is_traced or is_traced):
            for way in onward:
                used.update((e.parent, Edge(e.parent)) for e in node.edges if e is not way)
        else:
            for edge in node.edges:
                # One flow is enough.
                if edge.parent not in used or used[edge.parent].effect is not Effect.FLOWS:
                    used[edge.parent] = flat.slope(node, edge.parent)
        on_way.extend(e.parent for e in onward)
    return list(used.values())


def is_bilinear(node: Node) -> bool:
    """Whether an operation is linear in each of its inputs."""
    return node.op in BILINEAR and node.note != flat.BENT
