"""Gradients that are `tf.IndexedSlices`: when they are, and what cannot be done with one.

Facts of TensorFlow 2.21: a table that is only gathered from, along its first axis, has such a
gradient; any dense use of it, or a gather inside a loop of a graph, makes the gradient dense.
Operations convert it, if some operand is a tensor; Python's arithmetic with numbers, NumPy arrays
and another one raises, and so does nearly all that tensors have beyond `shape` and `dtype`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tapelint.analysis import updates
from tapelint.analysis.graph import Edge, Effect, Kind, Node, Session
from tapelint.analysis.ir import Place
from tapelint.analysis.observations import Misuse
from tapelint.analysis.trace import passes
from tapelint.analysis.values import Const, Data, Union, Value, VariableValue

if TYPE_CHECKING:
    from tapelint.analysis.machine import Machine

# Gathers along the first axis, with the argument that is the table.
GATHERS = {
    "tf.gather": "params",
    "tf.compat.v1.gather": "params",
    "tf.nn.embedding_lookup": "params",
    "tf.compat.v1.nn.embedding_lookup": "params",
    "keras.ops.take": "x",
    "keras.layers.Embedding": "weights",
}
# Reads of a table; gradients go through them as they are.
READS = frozenset(
    {"tf.identity", "tf.convert_to_tensor", "read_value", "value", "keras.ops.convert_to_tensor"}
)
# What they make of an `IndexedSlices` is one.
KEEPERS = frozenset(
    {"-x", "tf.identity", "tf.clip_by_global_norm", "tf.clip_by_norm", "tf.clip_by_value",
     "tf.cast", "tf.stop_gradient", "tf.scalar_mul", "tf.math.scalar_mul"}
)  # fmt: skip
# What an `IndexedSlices` has, and what it lacks.
PARTS = frozenset({"values", "indices", "dense_shape"})
LACKS = frozenset({"numpy", "ndim", "get_shape", "set_shape", "__getitem__", "__len__", "__iter__"})
ARITHMETIC = frozenset({"+", "-", "*", "/", "//", "%", "**", "@", "<", "<=", ">", ">=", "sum"})
RAISING = frozenset(
    {"abs", "float", "int", "round", "complex", "[]", "len", ".numpy", ".item", ".tolist",
     "np.mean", "np.abs", "np.absolute", "np.isnan", "np.isfinite", "np.linalg.norm", "np.allclose",
     "np.isclose"}
)  # fmt: skip


def is_gathered(
    machine: Machine, session: Session, targets: Sequence[Node], way: Iterable[Node], source: Node
) -> bool:
    """Whether all of a source that reaches the targets was gathered from it; `way` is the cone."""
    users: dict[Node, list[tuple[Node, Edge]]] = {}
    for node in way:
        if node.kind is Kind.UNKNOWN:
            return False
        if passes(session, node):
            for edge in node.edges:
                if edge.effect is Effect.FLOWS:
                    users.setdefault(edge.parent, []).append((node, edge))
    reads, gathers = [source], set[Node]()
    for read in reads:
        if read in targets:
            return False
        for user, edge in users.get(read, []):
            if is_gather(machine, user, edge):
                gathers.add(user)
            elif user not in reads:
                if not is_read(user, reads):
                    return False
                reads.append(user)
    # A loop of a graph adds up dense tensors: what runs once is no loop.
    return bool(gathers) and len({(g.place, g.stack) for g in gathers}) == len(gathers)


def is_read(node: Node, reads: Sequence[Node]) -> bool:
    """Whether a node is the table itself, as it was read after an update or copied."""
    if node.kind is Kind.JOIN:
        return all(e.parent in reads for e in node.edges if e.effect is Effect.FLOWS)
    return node.op in READS


def is_gather(machine: Machine, node: Node, edge: Edge) -> bool:
    if GATHERS.get(node.op) != edge.argument or edge.argument == "":
        return False
    if any(place in machine.graph_loops for place in (node.place, *node.stack)):
        return False
    given = dict(node.operands)
    table = given.get(edge.argument)
    if not isinstance(table, Data | VariableValue) or table is given.get("indices"):
        return False
    axis, batches = given.get("axis"), given.get("batch_dims")
    if node.op == "keras.ops.take":
        return axis == Const(0)
    return axis in (None, Const(0), Const(None)) and batches in (None, Const(0))


def is_sparse(value: Value) -> bool:
    """Whether a value is an `IndexedSlices` on every path."""
    return isinstance(value, Data) and is_sparse_node(value.node, 0)


def is_sparse_node(node: Node, depth: int) -> bool:
    if node.is_sparse or depth > updates.DEEPEST:
        return node.is_sparse
    if node.kind is Kind.JOIN:
        return bool(node.edges) and all(is_sparse_node(e.parent, depth + 1) for e in node.edges)
    if node.op in KEEPERS and node.operands:
        first = node.operands[0][1]
        return isinstance(first, Data) and is_sparse_node(first.node, depth + 1)
    return False


def examine(machine: Machine, op: str, values: Sequence[Value], place: Place) -> None:
    """Look for an `IndexedSlices` in an operation that it does not take."""
    found = [value for value in values if is_sparse(value)]
    if not found or machine.is_conditional():
        # for: tf.convert_to_tensor(g) if "embeddings" in v.name else 0.1 * g
        return
    if op in RAISING or (op in ARITHMETIC and all(is_sparse(v) or is_plain(v) for v in values)):
        updates.misused(machine, place, Misuse.SPARSE_USED, found[:1], op)


def is_plain(value: Value) -> bool:
    """Whether a value is a number or an array: no tensor that would convert the other operand."""
    match value:
        case Const(value=bool() | int() | float() | complex()):
            return True
        case Data():
            return is_plain_node(value.node, 0)
        case Union():
            # for: min(1.0, most / float(norm))
            return all(is_plain(option) for option in value.options)
        case _:
            return False


def is_plain_node(node: Node, depth: int) -> bool:
    """Whether a node is a number or an array on every path."""
    if node.kind is Kind.JOIN and depth < updates.DEEPEST:
        return bool(node.edges) and all(is_plain_node(e.parent, depth + 1) for e in node.edges)
    return node.kind in (Kind.PYTHON, Kind.ARRAY)
