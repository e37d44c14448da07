"""Operations that are flat whatever they are given: what normalises one element, the slope of `relu`.

Seen with TensorFlow 2.21 and Keras 3.15.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tapelint.analysis.graph import Edge, Effect, Node, Reason
from tapelint.analysis.shapes import is_column, is_one, shape_of
from tapelint.analysis.values import Const, Data, Value

Inputs = Sequence[tuple[str, Value]]

# Of one element each of these makes a constant.
NORMALISERS = frozenset(
    {
        "tf.nn.softmax", "tf.nn.log_softmax", "keras.activations.softmax", "keras.layers.Softmax",
        "keras.activations.log_softmax", "keras.ops.softmax", "keras.ops.log_softmax",
        "keras.layers.LayerNormalization",
    }
)  # fmt: skip
# Keras takes what a softmax of its own was computed from, and not its result.
TAKES_LOGITS = frozenset(
    {
        "keras.losses.binary_crossentropy", "keras.losses.BinaryCrossentropy",
        "keras.ops.binary_crossentropy",
    }
)  # fmt: skip
KERAS_SOFTMAX = frozenset({"keras.activations.softmax", "keras.layers.Softmax"})
# A layer of sums and products whose result has been through a smooth activation.
BENT = "activated"
# Made of straight pieces: the slope changes at single points, and its own derivative is zeros.
STRAIGHT = frozenset(
    {
        "tf.nn.relu", "tf.nn.relu6", "tf.nn.leaky_relu", "tf.abs", "keras.activations.relu",
        "keras.activations.relu6", "keras.activations.leaky_relu", "keras.layers.ReLU",
        "keras.layers.LeakyReLU", "keras.layers.PReLU", "keras.ops.relu", "keras.ops.relu6",
        "keras.ops.leaky_relu", "keras.ops.abs", "keras.ops.absolute",
        "keras.activations.hard_sigmoid", "keras.ops.hard_sigmoid",
    }
)  # fmt: skip
# As these, but TensorFlow answers None.
CHOOSING = frozenset(
    {
        "tf.maximum", "tf.minimum", "tf.clip_by_value", "tf.reduce_max", "tf.reduce_min", "tf.sort",
        "keras.ops.maximum", "keras.ops.minimum", "keras.ops.clip", "keras.ops.max", "keras.ops.min",
    }
)  # fmt: skip


def effects(op: str, inputs: Inputs) -> Mapping[str, tuple[Effect, Reason]]:
    """Return what an operation does to the gradient of its input because there is one element."""
    if op not in NORMALISERS or not inputs or not is_over_one(inputs):
        return {}
    return {inputs[0][0]: (Effect.ZEROS, Reason.FLAT)}


def is_over_one(inputs: Inputs) -> bool:
    """Whether the axis that is normalised, by default the last one, has one element."""
    x = inputs[0][1]
    others = [v for name, v in inputs[1:] if name in ("", "axis")]
    axis = others[0].value if others and isinstance(others[0], Const) else None
    if others and axis is None and others[0] != Const(None):
        return False
    shape = shape_of(x)
    if shape is None:
        return axis in (None, -1) and is_column(x)
    return is_one(shape, -1 if axis is None else axis)


def as_taken(op: str, inputs: Inputs) -> Inputs:
    """Return the inputs of a loss as Keras takes them: logits in place of a softmax of them."""
    if op not in TAKES_LOGITS:
        return inputs
    return [(name, logits_of(value)) for name, value in inputs]


def logits_of(value: Value) -> Value:
    """Return what Keras computed a softmax from, any other value as it is."""
    if isinstance(value, Data) and value.node.op in KERAS_SOFTMAX and value.node.operands:
        return value.node.operands[0][1]
    return value


def slope(node: Node, parent: Node) -> Edge:
    """Return how the slope of an operation depends on what it was given."""
    if node.op in STRAIGHT:
        return Edge(parent, Effect.ZEROS, Reason.FLAT, node.op)
    if node.op in CHOOSING:
        return Edge(parent, Effect.CUT, Reason.FLAT, node.op)
    return Edge(parent)
