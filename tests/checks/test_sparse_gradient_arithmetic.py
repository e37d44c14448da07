"""TAP408: sparse gradients, where they are and what does not take them (TensorFlow 2.21)."""

from __future__ import annotations

import pytest
from linted import linted

from tapelint.checks import sparse_gradient_arithmetic

ASKED = """\
import numpy as np
import keras
t = tf.Variable([[1.0], [2.0]])
with tf.GradientTape() as tape:
    y = tf.reduce_sum({path})
g = tape.gradient(y, t)
{use}
"""
LAYERS = """\
import keras
table, head = keras.layers.Embedding(3, 2), keras.layers.Dense(1)
with tf.GradientTape() as tape:
    y = tf.reduce_sum(head(table(tf.constant([1, 2]))))
weights = [*table.trainable_variables, *head.trainable_variables]
gradients = tape.gradient(y, weights)
{use}
"""


def asked(path: str, use: str) -> list[str]:
    """Return what is said of a use of the gradient of a table along a path."""
    program = ASKED.format(path=path, use=use)
    return [f.message for f in linted(sparse_gradient_arithmetic, program)]


@pytest.mark.parametrize(
    "path",
    [
        "t[0]",
        "tf.gather(t, [0], axis=1)",
        "tf.gather(t, [0], axis=-1)",
        "tf.gather(t, [[0], [1]], batch_dims=1)",
        "tf.gather_nd(t, [[0, 0]])",
        "tf.boolean_mask(t, [True, False])",
        "keras.ops.take(t, [0])",
        "tf.gather(t * 1.0, [0])",
        "tf.gather(tf.nn.softmax(t), [0])",
        "tf.gather(t, [0]) + tf.nn.l2_loss(t)",
        "tf.matmul(tf.gather(t, [0]), t, transpose_b=True)",
        "tf.py_function(lambda x: tf.gather(x, [0]), [t], tf.float32)",
        "tf.recompute_grad(lambda: tf.gather(t, [0]))()",
        "tf.map_fn(lambda i: tf.gather(t, i), tf.range(2), fn_output_signature=tf.float32)",
        "unknown(t) + tf.gather(t, [0])",
        "unknown(tf.gather(t, [0]))",
    ],
)
def test_a_gradient_that_is_or_may_be_dense_is_silent(path: str) -> None:
    assert asked(path, "t.assign_sub(0.1 * g)") == []


@pytest.mark.parametrize(
    "use",
    [
        "t.assign_sub(tf.constant(0.1) * g)",
        "t.assign(t - g)",
        "t.assign_sub(-g)",
        "t.assign_sub(keras.optimizers.SGD(0.1).learning_rate * g)",
        "t.assign_sub(tf.multiply(0.1, g))",
        "t.assign_sub(0.1 * tf.convert_to_tensor(g))",
        "g = tf.convert_to_tensor(g)\nprint(g.numpy(), g[0])",
        "print(g, g.shape, g.dtype, g is None, f'{g}', tf.norm(g), tf.reduce_max(tf.abs(g)))",
        "t.scatter_sub(tf.IndexedSlices(0.1 * g.values, g.indices))\nprint(g.values.numpy())",
        "if isinstance(g, tf.IndexedSlices):\n    g = tf.convert_to_tensor(g)\nt.assign_sub(0.1 * g)",
        "s = 0.1 * g if isinstance(g, tf.Tensor) else 0.1 * g.values",
        "s = g.numpy() if hasattr(g, 'numpy') else tf.convert_to_tensor(g).numpy()",
        "try:\n    g.numpy()\nexcept AttributeError:\n    g = tf.convert_to_tensor(g)",
        "def scale(rate):\n    return rate * g\nscale(unknown)",
        "a = tf.zeros_like(t) + g\nt.assign_sub(0.1 * a)",
        # Whichever of the two is smaller: a tensor would convert it.
        "t.assign_sub(min(1.0, 0.5 / tf.norm(g)) * g)",
        "factor = 0.5 / tf.norm(g) if unknown else 1.0\nt.assign_sub(factor * g)",
        "factor = tf.constant(1.0)\nif unknown:\n    factor = 0.5\nt.assign_sub(factor * g)",
        "t.assign_sub(min(1.0, unknown) * g)",
        "tape.jacobian",
    ],
)
def test_what_takes_a_sparse_gradient_is_silent(use: str) -> None:
    assert asked("tf.gather(t, [0])", use) == []


@pytest.mark.parametrize(
    "use",
    [
        (
            "for g, w in zip(gradients, weights):\n"
            "    w.assign_sub(0.1 * (tf.convert_to_tensor(g) if 'embed' in w.path else g))"
        ),
        (
            "for g, w in zip(gradients, weights):\n"
            "    if 'embed' in w.path:\n        g = tf.convert_to_tensor(g)\n"
            "    w.assign_sub(0.1 * g)"
        ),
        (
            "for g, w in zip(gradients, weights):\n"
            "    if 'embed' not in w.path:\n        w.assign_sub(0.1 * g)"
        ),
        (
            "clipped, _ = tf.clip_by_global_norm(gradients, 1.0)\n"
            "keras.optimizers.SGD(0.1).apply_gradients(zip(clipped, weights))"
        ),
        "for g, w in zip(gradients[1:], weights[1:]):\n    w.assign_sub(0.1 * g)",
    ],
)
def test_layers_told_apart_are_silent(use: str) -> None:
    assert linted(sparse_gradient_arithmetic, LAYERS.format(use=use)) == []


@pytest.mark.parametrize(
    "path",
    [
        "tf.gather(t, [0])",
        "tf.gather(t, 0)",
        "tf.gather(tf.identity(t), [0], axis=0)",
        "tf.nn.embedding_lookup(t, [0])",
        "keras.ops.take(t, [0], axis=0)",
        "tf.gather(t, [0]) * tf.gather(t, [1])",
        "tf.function(lambda: tf.gather(t, [0]))()",
        "tf.cond(unknown, lambda: tf.gather(t, [0]), lambda: tf.zeros([1, 1]))",
    ],
)
def test_a_table_that_is_only_gathered_from_has_a_sparse_gradient(path: str) -> None:
    assert asked(path, "t.assign_sub(0.1 * g)") == ["`0.1 * g` raises: `g` is an `IndexedSlices`"]


@pytest.mark.parametrize(
    "use",
    [
        "g.numpy()",
        "g + g",
        "g / 2.0",
        "g ** 2",
        "g > 0.0",
        "abs(g)",
        "float(g)",
        "g[0]",
        "[row for row in g]",
        "np.float32(0.1) * g",
        "min(1.0, 0.5 / float(tf.norm(g))) * g",
        "(0.5 if unknown else 1.0) * g",
        "(float(tf.norm(g)) if unknown else np.float32(0.5)) * g",
        "[one * min(1.0, 0.5 / tf.norm(g).numpy()) for one in [g]]",
        "np.mean(g)",
        "np.linalg.norm(g)",
        "0.1 * tf.clip_by_norm(g, 1.0)",
        "0.1 * tf.clip_by_global_norm([g], 1.0)[0][0]",
    ],
)
def test_what_does_not_take_it_is_named(use: str) -> None:
    (message,) = asked("tf.gather(t, [0])", use)
    assert message.endswith("is an `IndexedSlices`")


def test_one_of_many_is_told_apart() -> None:
    use = "for g, w in zip(gradients, weights):\n    w.assign_sub(0.1 * g)"
    (finding,) = linted(sparse_gradient_arithmetic, LAYERS.format(use=use))
    assert finding.message == "`0.1 * g` raises: `g` is an `IndexedSlices`"
    assert [s.message for s in finding.steps] == [
        "the table is only gathered from: its gradient is sparse",
        "`g` is used like a dense tensor",
    ]


NAMED = """\
class Words(tf.Module):
    def __init__(self):
        super().__init__()
        self.bias = tf.Variable([1.0]{bias})
        self.table = tf.Variable([[1.0], [2.0]]{table})

words = Words()
with tf.GradientTape() as tape:
    y = tf.reduce_sum(tf.nn.embedding_lookup(words.table, [1]) + words.bias)
grads = tape.gradient(y, {{v.name: v for v in words.trainable_variables}})
{use}
"""
SQUARED = "print([tf.reduce_sum(g * g) for g in grads.values()])"


@pytest.mark.parametrize(
    ("bias", "table", "use"),
    [
        (', name="b"', ', name="t"', "print([n for n, g in grads.items()])"),
        (', name="b"', ', name="t"', 'print(grads["b:0"] * grads["b:0"])'),
        (
            ', name="b"',
            ', name="t"',
            "print([tf.reduce_sum(tf.square(g)) for g in grads.values()])",
        ),
        (
            ', name="b"',
            ', name="t"',
            'print([g * g for n, g in grads.items() if not n.startswith("t")])',
        ),
        (
            ', name="b"',
            ', name="t"',
            'grads["t:0"] = tf.convert_to_tensor(grads["t:0"])\n' + SQUARED,
        ),
        (', name="b"', ', name="t"', 'grads.pop("t:0")\n' + SQUARED),
        # Two of one name are one key: the first in the order of attributes is gone.
        (', name="v"', ', name="v"', 'print(grads["b:0"] * grads["b:0"])'),
    ],
)
def test_a_dict_by_names_whose_sparse_gradient_nobody_computes_with(
    bias: str, table: str, use: str
) -> None:
    program = NAMED.format(bias=bias, table=table, use=use)
    assert linted(sparse_gradient_arithmetic, program) == []


@pytest.mark.parametrize(
    ("bias", "table", "use"),
    [
        (', name="b"', ', name="t"', SQUARED),
        (', name="b"', ', name="t"', 'print(grads["t:0"] * grads["t:0"])'),
        (', name="b"', ', name="t"', "print({n: g * g for n, g in grads.items()})"),
        (', name="b"', "", 'print({n: g / 2 for n, g in grads.items() if n != "b:0"})'),
        ("", "", 'print(grads["Variable:0"] ** 2)'),
    ],
)
def test_a_dict_by_names_keeps_its_gradients_apart(bias: str, table: str, use: str) -> None:
    program = NAMED.format(bias=bias, table=table, use=use)
    assert len(linted(sparse_gradient_arithmetic, program)) == 1
