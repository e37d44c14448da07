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
    "name": "o = tf.keras.optimizers.SGD()\no.apply_gradients([(w * 1.0, w)], name='x')\n",
}


@pytest.mark.parametrize("program", GONE.values(), ids=GONE)
def test_what_is_gone_raises(program: str) -> None:
    (finding,) = linted(minimize_removed, W + program)
    assert finding.confidence is Confidence.LIKELY
    assert "raises: an optimizer of Keras 3" in finding.message
