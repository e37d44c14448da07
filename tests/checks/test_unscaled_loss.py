"""TAP407: losses that a `LossScaleOptimizer` takes for scaled (Keras 3.15)."""

from __future__ import annotations

import pytest
from linted import linted

from tapelint.checks import unscaled_loss

PROGRAM = """\
import keras
w = keras.Variable(3.0)
inner = keras.optimizers.SGD(0.1)
optimizer = {optimizer}
with tf.GradientTape() as tape:
    loss = w ** 2
    target = {target}
g = tape.gradient(target, [w])
{apply}
"""
SCALING = "keras.optimizers.LossScaleOptimizer(inner)"
APPLY = "optimizer.apply_gradients(zip(g, [w]))"


def said(optimizer: str = SCALING, target: str = "loss", apply: str = APPLY) -> list[str]:
    """Return what is said of a step."""
    program = PROGRAM.format(optimizer=optimizer, target=target, apply=apply)
    return [f.message for f in linted(unscaled_loss, program)]


@pytest.mark.parametrize(
    "optimizer",
    [
        "inner",
        "keras.optimizers.LossScaleOptimizer(inner, initial_scale=1.0)",
        "keras.optimizers.LossScaleOptimizer(inner, initial_scale=unknown)",
        "keras.optimizers.LossScaleOptimizer(inner, **settings)",
        "keras.mixed_precision.LossScaleOptimizer(inner, dynamic=False, initial_scale=1)",
        "unknown(inner)",
    ],
)
def test_an_optimizer_that_does_not_or_may_not_divide_is_silent(optimizer: str) -> None:
    assert said(optimizer) == []


@pytest.mark.parametrize(
    "target",
    [
        "optimizer.scale_loss(loss)",
        "optimizer.get_scaled_loss(loss)",
        "optimizer.scale_loss(loss) + 0.0",
        "optimizer.scale_loss(loss) if hasattr(optimizer, 'scale_loss') else loss",
        "loss * optimizer.dynamic_scale",
        "loss * tf.cast(optimizer.initial_scale, tf.float32)",
        "loss * 2.0 ** 15",
        "unknown(loss)",
        "loss * unknown",
    ],
)
def test_a_loss_that_is_or_may_be_scaled_is_silent(target: str) -> None:
    assert said(target=target) == []


@pytest.mark.parametrize(
    "apply",
    [
        "optimizer.apply_gradients([(g[0] * optimizer.initial_scale, w)])",
        "optimizer.apply_gradients(zip([x * 2.0 ** 15 for x in g], [w]))",
        "optimizer.apply_gradients(unknown(g))",
        "optimizer.inner_optimizer.apply_gradients(zip(g, [w]))",
        "w.assign_sub(0.1 * g[0])",
    ],
)
def test_gradients_that_are_or_may_be_scaled_are_silent(apply: str) -> None:
    assert said(apply=apply) == []


@pytest.mark.parametrize(
    ("optimizer", "target", "apply"),
    [
        (SCALING, "loss", APPLY),
        (SCALING, "tf.reduce_mean(loss)", APPLY),
        (SCALING, "loss", "optimizer.apply(g, [w])"),
        ("keras.mixed_precision.LossScaleOptimizer(inner, initial_scale=2.0 ** 10)", "loss", APPLY),
        ("tf.keras.mixed_precision.LossScaleOptimizer(inner)", "loss", APPLY),
    ],
)
def test_a_loss_as_it_is_is_found(optimizer: str, target: str, apply: str) -> None:
    (message,) = said(optimizer, target, apply)
    assert message.startswith(f"`{apply.partition('(')[0]}` divides by the loss scale, and `")
    assert message.endswith("` was never scaled")


def test_the_optimizer_a_model_was_compiled_with_is_known() -> None:
    program = """\
import keras
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.head = keras.layers.Dense(1)
    def call(self, x):
        return self.head(x)
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((y - self(x)) ** 2)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {"loss": loss}
net = Net()
net.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1)))
net.fit(tf.ones([4, 2]), tf.ones([4, 1]))
"""
    (finding,) = linted(unscaled_loss, program)
    assert finding.span.line == 14
