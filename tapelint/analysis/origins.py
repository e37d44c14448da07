"""What made a value: the operation behind those that only move its numbers."""

from __future__ import annotations

from tapelint.analysis.graph import Node, read_of
from tapelint.analysis.values import Const, Data, Tuple, Value, VariableValue

# Operations that move numbers about and change none.
MOVES = frozenset(
    "reshape transpose expand_dims squeeze gather gather_nd [] element identity convert_to_tensor "
    "constant concat stack tile reverse broadcast_to boolean_mask unstack split value read_value "
    "stop_gradient repeat roll cast reduce_max reduce_min reduce_mean flatten ensure_shape sort max "
    "min mean amax amin ravel array asarray float32 float64 .astype .numpy .reshape embedding_lookup "
    "transpose permute concatenate take slice swapaxes moveaxis strided_slice segment_max".split()
)
SUMS = frozenset("reduce_sum sum .sum add_n cumsum segment_sum unsorted_segment_sum".split())
ORIGINS = frozenset(
    "reshape transpose expand_dims squeeze gather [] element identity tile broadcast_to cast repeat".split()
)


def as_read(value: Value, user: Node) -> Value:
    """Return an operand as it is read: a variable that was assigned is what it was given."""
    if not isinstance(value, VariableValue):
        return value
    read = read_of(value.node, user)
    return value if read is value.node else Data(read)


def short(op: str) -> str:
    """Return the last part of an operation's name: `sqrt` of `tf.math.sqrt`."""
    return op if op.startswith((".", "[")) or op in ("**", "*") else op.rpartition(".")[2] or op


def behind(value: Value | None, operations: frozenset[str]) -> Node | None:
    """Return the node that made a value, past the operations named, by their first operand."""
    if not isinstance(value, Data | VariableValue):
        return None
    node = value.node
    while short(node.op) in operations and node.operands:
        inner = node.operands[0][1]
        if not isinstance(inner, Data | VariableValue):
            break
        node = inner.node
    return node


def same_origin(node: Node) -> bool:
    """Whether a difference is taken within one tensor: a pairwise one has a zero diagonal."""
    (_, left), (_, right) = node.operands
    a, b = behind(left, ORIGINS), behind(right, ORIGINS)
    if a is None or a is not b:
        return False
    return picks(left) and picks(right)


def picks(value: Value) -> bool:
    """Whether the elements meet in pairs that may be the same: broadcast or gathered, not sliced."""
    assert isinstance(value, Data | VariableValue)
    node = value.node
    while node.operands:
        if short(node.op) in ("gather", "expand_dims"):
            return True
        if short(node.op) == "[]" and any(
            has_new_axis(v) for name, v in node.operands if name == "index"
        ):
            return True
        inner = node.operands[0][1]
        if not isinstance(inner, Data | VariableValue) or short(node.op) not in ORIGINS:
            return False
        node = inner.node
    return False


def has_new_axis(index: Value) -> bool:
    """Whether an index holds None: `x[:, None]`."""
    return isinstance(index, Tuple) and any(
        isinstance(e, Const) and e.value is None for e in index.elements
    )
