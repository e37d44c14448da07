"""TAP702: what optimizers lost with Keras 3."""

from __future__ import annotations

import pytest
from linted import linted

from tapelint.checks import minimize_removed
from tapelint.model import Confidence

W = "w = tf.Variable(1.0)\n"
FINE = {
    "TensorFlow 1": "o = tf.compat.v1.train.AdamOptimizer(0.1)\no.minimize(lambda: w * w, [w])\n",
    "a legacy optimizer": "o = tf.keras.optimizers.legacy.SGD(lr=0.1)\no.minimize(lambda: w, [w])\n",
    "Keras 2": "import tf_keras\no = tf_keras.optimizers.SGD(lr=0.1)\no.minimize(lambda: w, [w])\n",
    "Keras 2 by its variable": "import os\nos.environ['TF_USE_LEGACY_KERAS'] = '1'\n"
    "tf.keras.optimizers.SGD(lr=0.1).minimize(lambda: w, [w])\n",
    "another library": "import tensorflow_probability as tfp\n"
    "tfp.math.minimize(lambda: w, 3, tf.keras.optimizers.SGD(0.1))\n"
    "o = tfp.optimizer.VariationalSGD(10, 100)\no.minimize(lambda: w, [w])\n",
    "SciPy": "import scipy.optimize\nscipy.optimize.minimize(lambda v: v, 1.0)\n",
    "an object of the project": "class O:\n    def minimize(self, f, v):\n        return f()\n"
    "O().minimize(lambda: w, [w])\n",
    "a subclass that has it": "class O(tf.keras.optimizers.SGD):\n"
    "    def minimize(self, f, v):\n        return f()\nO(0.1).minimize(lambda: w, [w])\n",
    "a subclass that knows the argument": "class O(tf.keras.optimizers.SGD):\n"
    "    def __init__(self, lr):\n        super().__init__(learning_rate=lr)\nO(lr=0.1)\n",
    "a subclass with a base of somebody else": "import lib\n"
    "class O(lib.Mixin, tf.keras.optimizers.SGD):\n    pass\nO(0.1).minimize(lambda: w, [w])\n",
    "a method that is asked for first": "o = tf.keras.optimizers.SGD(0.1)\n"
    "if hasattr(o, 'minimize'):\n    o.minimize(lambda: w, [w])\n",
    "an error that is caught": "o = tf.keras.optimizers.SGD(0.1)\ntry:\n"
    "    o.minimize(lambda: w, [w])\nexcept AttributeError:\n    pass\n",
    "a version that is asked for": "if tf.__version__ < '2.11':\n"
    "    tf.keras.optimizers.SGD(lr=0.1).minimize(lambda: w, [w])\n",
    "an optimizer from outside": "def f(o):\n    o.minimize(lambda: w, [w])\n",
    "a rate that is asked for first": "o = tf.keras.optimizers.SGD(0.1)\n"
    "rate = o.lr if hasattr(o, 'lr') else o.learning_rate\n",
    "a rate of a subclass": "class O(tf.keras.optimizers.SGD):\n"
    "    def __init__(self):\n        super().__init__(0.1)\n        self.lr = 0.1\n"
    "o = O()\no.lr = 0.2\nprint(o.lr)\n",
    "the rate by its name": "o = tf.keras.optimizers.SGD(0.1)\no.learning_rate = 0.2\n"
    "o.learning_rate.assign(0.3)\nprint('lr', o.learning_rate, o.variables)\n",
    "an attribute of the program's own": "o = tf.keras.optimizers.SGD(0.1)\no.tag = 'lr'\n"
    "print(o.tag)\n",
    "a rate of somebody else": "def f(o):\n    o.lr = 0.1\n    return o.lr\n",
    "what is still there": "o = tf.keras.optimizers.SGD(learning_rate=0.1, name='sgd')\n"
    "o.apply_gradients([(w * 1.0, w)])\no.apply([w * 1.0], [w])\no.scale_loss(w)\n",
}


@pytest.mark.parametrize("program", FINE.values(), ids=FINE)
def test_what_still_works_or_may_is_fine(program: str) -> None:
    assert linted(minimize_removed, W + program) == []


GONE = {
    "minimize": "o = tf.keras.optimizers.SGD(0.1)\no.minimize(lambda: w * w, [w])\n",
    "minimize of an instance by name": "o = tf.keras.optimizers.get('sgd')\n"
    "o.minimize(lambda: w * w, [w])\n",
    "minimize in a function": "o = tf.optimizers.Adam()\ndef step():\n"
    "    o.minimize(lambda: w * w, [w])\n",
    "get_gradients": "o = tf.keras.optimizers.Adam()\no.get_gradients(w * w, [w])\n",
    "get_scaled_loss": "o = tf.keras.mixed_precision.LossScaleOptimizer(\n"
    "    tf.keras.optimizers.Adam())\no.get_scaled_loss(w)\n",
    "get_unscaled_gradients": "o = tf.keras.optimizers.LossScaleOptimizer(\n"
    "    tf.keras.optimizers.Adam())\no.get_unscaled_gradients([w * 1.0])\n",
    "lr": "o = tf.keras.optimizers.RMSprop(lr=0.1)\n",
    "the rate": "o = tf.keras.optimizers.SGD(0.1)\nprint('lr', o.lr)\n",
    "an assignment to the rate": "o = tf.keras.optimizers.SGD(0.1)\no.lr.assign(0.2)\n",
    "weights": "o = tf.keras.optimizers.SGD(0.1)\nprint(len(o.weights))\n",
    "the rate of the moment": "o = tf.keras.optimizers.SGD(0.1)\no._decayed_lr(tf.float32)\n",
    "name": "o = tf.keras.optimizers.SGD()\no.apply_gradients([(w * 1.0, w)], name='x')\n",
}


@pytest.mark.parametrize("program", GONE.values(), ids=GONE)
def test_what_is_gone_raises(program: str) -> None:
    (finding,) = linted(minimize_removed, W + program)
    assert finding.confidence is Confidence.LIKELY
    assert "raises: an optimizer of Keras 3" in finding.message


@pytest.mark.parametrize(
    "program",
    [
        "o = tf.keras.optimizers.SGD(0.1)\no.lr = 0.2\n",
        "o = tf.keras.optimizers.SGD(0.1)\nfor epoch in range(9):\n    o.lr = 0.1 / (epoch + 1)\n",
        "m = tf.keras.Sequential([])\nm.compile(tf.keras.optimizers.SGD())\nm.optimizer.lr = 0.2\n",
    ],
)
def test_a_rate_that_is_set_under_its_old_name_changes_nothing(program: str) -> None:
    (finding,) = linted(minimize_removed, W + program)
    assert finding.message.endswith("lr` changes nothing: an optimizer of Keras 3 has no `lr`")
