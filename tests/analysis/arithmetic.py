"""Random tape programs on written numbers, what tapelint computes for them, and what TensorFlow does."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tapelint.analysis.concrete.numbers import Unknown
from tapelint.analysis.concrete.search import Search, backward
from tapelint.analysis.graph import Node
from tapelint.analysis.singular import Path, Suspects

# Numbers at which something happens: zeros, bounds, what overflows or vanishes in float32.
NUMBERS = ("0.0", "1.0", "-1.0", "2.0", "-2.0", "0.5", "100.0", "-100.0", "1e-30", "3.0")

VECTORS = (
    "tf.sqrt({x})", "tf.math.rsqrt({x})", "tf.math.log({x})", "tf.math.log1p({x})", "tf.exp({x})",
    "tf.math.expm1({x})", "tf.square({x})", "tf.abs({x})", "-{x}", "1.0 / {x}", "{x} / 2.0", "{x} ** 2",
    "{x} ** 0.5", "{x} ** 0", "{x} ** -1.0", "{x} ** 3", "tf.pow({x}, 1.5)", "tf.nn.relu({x})",
    "tf.sigmoid({x})", "tf.tanh({x})", "tf.nn.softplus({x})", "tf.maximum({x}, 0.0)",
    "tf.minimum({x}, 1.0)", "tf.clip_by_value({x}, 0.0, 1.0)", "tf.acos({x})", "tf.asin({x})",
    "tf.math.atanh({x})", "tf.sin({x})", "tf.cos({x})", "tf.nn.elu({x})", "tf.nn.silu({x})",
    "tf.math.reciprocal({x})", "tf.where({x} > 0.0, {x}, 0.0)", "tf.where({x} > 0.0, tf.math.log({x}), 0.0)",
    "tf.where({x} > 0.0, tf.sqrt({x}), 0.0)", "tf.where(tf.abs({x}) > 1e-6, 1.0 / {x}, 0.0)",
    "tf.math.divide_no_nan({x}, {x})", "tf.math.divide_no_nan(1.0, {x})", "{x} / tf.reduce_sum({x})",
    "{x} * tf.math.log({x})", "tf.nn.softmax({x})", "tf.nn.log_softmax({x})", "tf.math.xlogy({x}, {x})",
    "tf.nn.l2_normalize({x}, axis=0)", "{x} - tf.reduce_mean({x})", "{x} - tf.reduce_max({x})",
    "tf.gather({x}, [0, 0, 1])", "tf.stack([{x}[0], {x}[-1], {x}[0] * {x}[1]])", "{x}[::-1]",
    "tf.concat([{x}, {x}], axis=0)", "tf.cumsum({x})", "tf.reshape({x}, [-1, 1])[:, 0]", "{x} * 0.0",
    "tf.math.atan2({x}, {x}[::-1])", "tf.math.squared_difference({x}, 1.0)", "tf.stop_gradient({x}) * {x}",
    "tf.linalg.matvec(tf.constant([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0], [1.0, 1.0, 1.0]]), {x}[:3])",
    "tf.squeeze(tf.matmul(tf.expand_dims({x}, 0), tf.expand_dims({x}, 1)), 0)", "tf.tile({x}, [2])",
    "tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.ones_like({x}), logits={x})",
    "tf.reduce_sum({x}[:, None] * {x}[None, :], axis=1)", "tf.math.erf({x})", "tf.sign({x}) * {x}",
    "tf.sqrt(tf.reduce_sum(tf.square({x}[:, None] - {x}[None, :]), axis=1))", "tf.math.softsign({x})",
    "tf.norm({x}[:, None] - {x}[None, :], axis=-1)",
    "tf.linalg.normalize({x})[0]", "tf.nn.moments({x}, 0)[1] + {x}", "tf.nn.softmax(tf.math.log({x}))",
    "tf.nn.softmax(tf.where({x} > 1.0, {x}, float('-inf')))",
    "tf.nn.log_softmax(tf.where({x} > 0.0, {x}, float('-inf')))",
    'tf.einsum("i,j->i", {x}, {x})', 'tf.einsum("i,i->i", {x}, tf.sqrt({x}))',
    'tf.einsum("i,ij->j", {x}, tf.stack([{x}, {x}], 1))', "tf.norm(tf.stack([{x}, {x}], 1), axis=1)",
)  # fmt: skip
SCALARS = (
    "tf.reduce_sum({x})", "tf.reduce_mean({x})", "tf.reduce_max({x})", "tf.reduce_min({x})", "tf.norm({x})",
    "tf.math.reduce_std({x})", "tf.math.reduce_variance({x})", "tf.reduce_logsumexp({x})",
    "tf.reduce_prod({x})", "tf.reduce_mean(tf.square({x} - 1.0))", "{x}[0]",
    "tf.sqrt(tf.reduce_sum({x} ** 2))",
    "tf.tensordot({x}, {x}, axes=1)", "tf.reduce_sum(tf.where({x} > 1.0, {x}, 0.0))",
)  # fmt: skip


def program(seed: int) -> str:
    """Return a program that asks for one gradient, in which something singular may happen."""
    chance = random.Random(seed)
    start = ", ".join(chance.choice(NUMBERS) for _ in range(3))
    lines = [f"x = tf.Variable([{start}])", "with tf.GradientTape() as tape:"]
    name = "x"
    for step in range(chance.randint(1, 3)):
        lines.append(f"    v{step} = {chance.choice(VECTORS).format(x=name)}")
        name = f"v{step}"
    lines.append(f"    y = {chance.choice(SCALARS).format(x=name)}")
    return "\n".join(["import tensorflow as tf", *lines, "g = tape.gradient(y, x)", ""])


class Watched(Suspects):
    """Keeps the gradients that were computed."""

    def __init__(self, *given: object) -> None:
        super().__init__(*given)
        self.gradients: list[list[float | Unknown] | None] = []

    def observed(self, path: Path, targets: list[Node], sources: list[Node]):
        search = Search(self.contents)
        assert search.evaluator.run(targets)
        incoming = backward(search.starts(targets), path.nodes)
        for source in sources:
            found = incoming.get(search.evaluator.tensors[source])
            self.gradients.append(None if found is None else found.numbers)
        return iter(())


def same(ours: Sequence[float | Unknown] | None, theirs: Sequence[float]) -> bool:
    """Whether two gradients agree; numbers that are not known agree with all that are no NaN."""
    if ours is None:
        return all(x == x for x in theirs)
    return all(
        theirs[i] == theirs[i] if isinstance(x, Unknown) else alike(x, theirs[i])
        for i, x in enumerate(ours)
    )


def alike(x: float, y: float) -> bool:
    if x != x or y != y:
        return x != x and y != y
    return x == y or abs(x - y) <= 1e-4 * max(1.0, abs(x), abs(y))
