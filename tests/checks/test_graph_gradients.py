"""TAP701: `tf.gradients` where no graph is built."""

from __future__ import annotations

from pathlib import Path

import pytest
from linted import HEAD, linted

from tapelint.analysis.project import unit_of
from tapelint.checks import graph_gradients
from tapelint.engine import lint
from tapelint.settings import Settings
from tapelint.source.read import SourceText

FINE = {
    "a function of a graph": "@tf.function\ndef f(x):\n    return tf.gradients(x * x, x)\n"
    "f(tf.constant(2.0))\n",
    "a helper of one": "def g(x):\n    return tf.gradients(x * x, x)\n"
    "@tf.function\ndef f(x):\n    return g(x)\nf(tf.constant(2.0))\n",
    "a function that is wrapped": "def g(x):\n    return tf.gradients(x * x, x)\n"
    "tf.function(g)(tf.constant(2.0))\n",
    "a graph of its own": "with tf.Graph().as_default():\n    x = tf.constant(2.0)\n"
    "    tf.gradients(x * x, x)\n",
    "a session": "with tf.compat.v1.Session() as s:\n    x = tf.constant(2.0)\n"
    "    tf.gradients(x * x, x)\n",
    "no eager execution": "tf.compat.v1.disable_eager_execution()\nx = tf.constant(2.0)\n"
    "tf.gradients(x * x, x)\n",
    "a program of TensorFlow 1": "from tensorflow.compat import v1\nv1.disable_v2_behavior()\n"
    "x = v1.placeholder(tf.float32)\nv1.gradients(x * x, x)\n",
    "a map over a dataset": "d = tf.data.Dataset.from_tensor_slices([1.0])\n"
    "d.map(lambda x: tf.gradients(x * x, x)[0])\n",
    "a vectorized map": "tf.vectorized_map(lambda x: tf.gradients(x * x, x)[0], tf.ones(3))\n",
    "a function nobody calls": "def f(x):\n    return tf.gradients(x * x, x)\n",
    "a step that Keras traces": "class M(tf.keras.Model):\n    def train_step(self, data):\n"
    "        g = tf.gradients(self(data), self.trainable_variables)\n        return {}\n"
    "m = M()\nm.compile('sgd')\nm.fit(tf.ones((2, 2)))\n",
    "a layer that may be symbolic": "class L(tf.keras.layers.Layer):\n    def call(self, x):\n"
    "        return tf.gradients(x * x, x)[0]\nL()(tf.keras.Input((2,)))\n",
    "a context of somebody else": "import lib\nwith lib.graph():\n    x = tf.constant(2.0)\n"
    "    tf.gradients(x * x, x)\n",
    "a decorator of somebody else": "import lib\n@lib.traced\ndef f(x):\n"
    "    return tf.gradients(x * x, x)\nf(tf.constant(2.0))\n",
    "a generator in a function of a graph": "@tf.function\ndef f(x):\n"
    "    return sum(tf.gradients(x * n, x)[0] for n in range(2))\nf(tf.constant(2.0))\n",
    "a generator in a helper of one": "def g(x):\n    for n in (1.0, 2.0):\n"
    "        yield tf.gradients(x * n, x)[0]\n@tf.function\ndef f(x):\n    return sum(g(x))\n"
    "f(tf.constant(2.0))\n",
    "functions of graphs in a generator": "@tf.function\ndef f(x):\n"
    "    return tf.gradients(x * x, x)[0]\nsum(f(tf.constant(n)) for n in (1.0, 2.0))\n"
    "list(map(f, [tf.constant(1.0)]))\n",
    "a dataset that is walked": "d = tf.data.Dataset.from_tensor_slices([1.0])\n"
    "list(d.map(lambda x: tf.gradients(x * x, x)[0]))\n"
    "sum(g for g in d.map(lambda x: tf.gradients(x * x, x)[0]))\n",
    "maps in a generator": "f = lambda x: tf.gradients(x * x, x)[0]\n"
    "sum(tf.vectorized_map(f, tf.ones(n)) for n in (3, 3))\n",
    "a callable that Keras traces": "class M(tf.keras.Model):\n    def train_step(self, data):\n"
    "        g = sum(tf.gradients(self(data), v)[0] for v in self.trainable_variables)\n"
    "        return {}\nm = M()\nm.compile('sgd')\nm.fit(tf.ones((2, 2)))\n",
    "layers in a generator": "from tensorflow import keras\n"
    "i = keras.Input((2,))\nl = keras.layers.Lambda(lambda x: tf.gradients(x * x, x)[0])\n"
    "keras.Model(i, sum(l(i) for _ in range(2)))\n",
    "a generator nobody walks": "x = tf.Variable(2.0)\ng = (tf.gradients(x * n, x) for n in (1, 2))\n",
    "a method called like it": "class O:\n    def gradients(self, a, b):\n        return a\n"
    "O().gradients(1, 2)\n",
    "a tape": "x = tf.Variable(1.0)\nwith tf.GradientTape() as tape:\n    y = x * x\n"
    "tape.gradient(y, x)\n",
}


@pytest.mark.parametrize("program", FINE.values(), ids=FINE)
def test_what_is_or_may_be_a_graph_is_fine(program: str) -> None:
    assert linted(graph_gradients, program) == []


RAISES = {
    "a generator given to sum": (
        "x = tf.Variable(2.0)\nprint(sum(\n    tf.gradients(x * n, x)[0]\nfor n in (1.0, 2.0)))\n",
        4,
    ),
    "a method in a generator over a generator": (
        (
            "class V:\n    def grad(self, x):\n        return tf.gradients(x * x, x)[0]\n"
            "    def smooth(self, x):\n        noisy = (x + n for n in range(3))\n"
            "        return sum(self.grad(z) for z in noisy) / 3\nV().smooth(tf.constant(2.0))\n"
        ),
        4,
    ),
    "a generator function": (
        (
            "def grads(xs):\n    for x in xs:\n        yield tf.gradients(x * x, x)[0]\n"
            "list(grads([tf.constant(2.0)]))\n"
        ),
        4,
    ),
    "a function given to map": (
        "def f(x):\n    return tf.gradients(x * x, x)[0]\nlist(map(f, [tf.constant(2.0)]))\n",
        3,
    ),
    "a function given to reduce": (
        (
            "import functools\ndef f(a, x):\n    return a + tf.gradients(x * x, x)[0]\n"
            "functools.reduce(f, [tf.constant(2.0)], 0.0)\n"
        ),
        4,
    ),
    "a function with some of its arguments": (
        (
            "from functools import partial\ndef f(n, x):\n    return tf.gradients(x * n, x)[0]\n"
            "partial(f, 2.0)(tf.constant(2.0))\n"
        ),
        4,
    ),
    "what a list is extended by": (
        (
            "x = tf.Variable(2.0)\ngrads = []\n"
            "grads.extend(tf.gradients(x * n, x)[0] for n in (1.0, 2.0))\n"
        ),
        4,
    ),
    "an object that is called": (
        (
            "class F:\n    def __call__(self, x):\n        return tf.gradients(x * x, x)[0]\n"
            "F()(tf.constant(2.0))\n"
        ),
        4,
    ),
    "the module": ("x = tf.Variable(2.0)\ng = tf.gradients(x * x, [x])\n", 3),
    "a function that is called": (
        "def f(x):\n    return tf.gradients(x * x, x)\nf(tf.Variable(2.0))\n",
        3,
    ),
    "the old name": ("x = tf.Variable(2.0)\ntf.compat.v1.gradients(x * x, x)\n", 3),
    "second derivatives": ("x = tf.Variable(2.0)\ntf.hessians(x * x, x)\n", 3),
    "the backend": (
        "from tensorflow.keras import backend as K\nx = tf.Variable(2.0)\nK.gradients(x * x, x)\n",
        4,
    ),
    "the main block": (
        "def f():\n    x = tf.Variable(2.0)\n    tf.gradients(x * x, x)\nif __name__ == '__main__':\n f()\n",
        4,
    ),
}


@pytest.mark.parametrize(("program", "line"), RAISES.values(), ids=RAISES)
def test_eager_code_raises(program: str, line: int) -> None:
    (finding,) = linted(graph_gradients, program)
    assert finding.span.line == line
    assert finding.message.endswith("raises: it works in graphs, and this runs eagerly")


def test_a_module_that_is_imported_may_turn_graphs_on(tmp_path: Path) -> None:
    program = HEAD + "import setup\nx = tf.Variable(2.0)\ntf.gradients(x * x, x)\n"
    (tmp_path / "train.py").write_text(program)
    source = SourceText(str(tmp_path / "train.py"), program)
    (tmp_path / "setup.py").write_text("import os\n")
    assert [finding.code for finding in lint(source, Settings())] == ["TAP701"]
    (tmp_path / "setup.py").write_text(HEAD + "tf.compat.v1.disable_eager_execution()\n")
    unit_of.cache_clear()
    assert lint(source, Settings()) == []


OPTIMIZER = "w = tf.Variable(1.0)\nopt = tf.compat.v1.train.AdamOptimizer(0.1)\n"


@pytest.mark.parametrize(
    "program",
    [
        "opt.minimize(lambda: w * w, var_list=[w])\n",
        "@tf.function\ndef step():\n    opt.minimize(w * w, var_list=[w])\nstep()\n",
        "with tf.Graph().as_default():\n    opt.compute_gradients(w * w)\n",
        "def loss():\n    return w * w\nopt.compute_gradients(loss, [w])\n",
    ],
)
def test_an_old_optimizer_may_be_given_a_function_or_a_tensor_of_a_graph(program: str) -> None:
    assert linted(graph_gradients, OPTIMIZER + program) == []


@pytest.mark.parametrize("method", ["minimize", "compute_gradients"])
def test_an_old_optimizer_is_given_a_tensor(method: str) -> None:
    (finding,) = linted(graph_gradients, f"{OPTIMIZER}opt.{method}(w * w, var_list=[w])\n")

    assert finding.message.startswith(f"`opt.{method}` raises")
